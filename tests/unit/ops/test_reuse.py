"""Plans that prefer what the store has, and what needs no further system packages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.ops.quiet import Quiet
from xpkg.core.files import remove_tree
from xpkg.ops.asking import Ask
from xpkg.ops.building import Options
from xpkg.ops.home import Home
from xpkg.ops.install import carry_out
from xpkg.ops.pairs import Pair
from xpkg.ops.planning import Plan
from xpkg.ops.reuse import built
from xpkg.ops.settings import RepositorySettings, Settings
from xpkg.ops.solving import plan
from xpkg.ops.system_packages import installed_packages, missing_depexts, parse_installed

Add = Callable[..., None]


@pytest.fixture
def add(tmp_path: Path) -> Add:
    def write(package: str, fields: str = "") -> None:
        directory = tmp_path / "repository" / "packages" / package.partition(".")[0] / package
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "opam").write_text(f'opam-version: "2.0"\nx-toolchain: "none"\n{fields}\n', "utf-8")

    return write


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[[], Home]:
    def make() -> Home:
        home = Home(tmp_path / "root", environment={})
        address = str(tmp_path / "repository")
        home.__dict__["settings"] = Settings(repositories=(RepositorySettings(name="here", address=address),))
        return home

    return make


def make(home: Home, *packages: str, reuse: bool = False, verb: str = "install", depexts: bool = False) -> Plan:
    ask = Ask(verb=verb, packages=packages, reuse=reuse, check_depexts=depexts)  # type: ignore[arg-type]
    return plan(home, home.find_switch(), [Pair()], ask)


def done(home: Home, *packages: str, verb: str = "install") -> None:
    def anew() -> Plan:
        return make(home, *packages, verb=verb)

    carry_out(home, home.find_switch(), anew, anew(), Options(), Quiet())


def names(made: Plan) -> list[str]:
    return sorted(f"{one.recipe.name}.{one.recipe.version}" for one in made.tasks)


def missing(home: Home, made: Plan) -> list[str]:
    return [one.label for one in made.tasks if not home.store.has(one.key)]


def test_what_is_in_the_store_is_preferred_when_asked_for(add: Add, fresh: Callable[[], Home]) -> None:
    add("ground.1")
    add("house.1", 'depends: ["ground"]')
    home = fresh()
    done(home, "house")
    done(home, "house", verb="remove")
    add("ground.2")
    add("house.2", 'depends: ["ground"]')
    home = fresh()
    assert names(make(home, "house")) == ["ground.2", "house.2"]
    again = make(home, "house", reuse=True)
    assert names(again) == ["ground.1", "house.1"]
    assert missing(home, again) == []


def test_an_output_counts_only_where_a_build_would_give_it(add: Add, fresh: Callable[[], Home]) -> None:
    """An optional dependency that was not there then: with it the key is another one."""
    add("ground.1")
    add("house.1", 'depopts: ["ground"]')
    home = fresh()
    done(home, "house")
    done(home, "house", verb="remove")
    add("house.2", 'depopts: ["ground"]')
    home = fresh()
    assert names(make(home, "house", reuse=True)) == ["house.1"]
    assert names(make(home, "house", "ground", reuse=True)) == ["ground.1", "house.2"]


def test_a_changed_recipe_or_a_damaged_record_does_not_count(add: Add, fresh: Callable[[], Home]) -> None:
    add("ground.1")
    add("house.1")
    home = fresh()
    done(home, "ground", "house")
    assert [one.instance.name for one in built(home.store, home.universe)] in (
        ["ground", "house"],
        ["house", "ground"],
    )
    add("ground.1", 'synopsis: "changed"')
    home = fresh()
    (kept,) = built(home.store, home.universe)
    assert kept.instance.name == "house"
    record = home.store.path(kept.key) / "record.json"
    data = record.read_bytes()
    record.chmod(0o644)
    record.write_bytes(data[:-10])
    assert built(fresh().store, home.universe) == ()
    remove_tree(home.store.path(kept.key))
    assert built(fresh().store, home.universe) == ()


DPKG = """\
installed libc6 libc6-2.36 (= 2.36-9)
installed libgmp-dev libgmp3-dev, libgmp-abi:amd64 (= 2)
config-files zlib1g-dev libz-dev
not-installed gone
dpkg-query: warning: files list file for package missing
"""


def test_what_dpkg_says_is_there() -> None:
    expected = {"libc6", "libc6-2.36", "libgmp-dev", "libgmp3-dev", "libgmp-abi"}
    assert parse_installed(DPKG.splitlines()) == expected
    assert parse_installed([]) == frozenset()


@pytest.fixture
def there() -> frozenset[str]:
    found = installed_packages()
    if found is None:
        pytest.skip("this machine has no dpkg-query")
    return found


def test_packages_whose_system_packages_are_there_are_preferred(
    add: Add, fresh: Callable[[], Home], there: frozenset[str]
) -> None:
    assert "dpkg" in there
    add("sound.1", 'depends: ["by-alsa" | "by-jack"]')
    add("by-alsa.1", 'depexts: [["no-such-package-here" "nor-this"] {os != "nowhere"} ["other"] {os = "nowhere"}]')
    add("by-jack.1", 'depexts: [["dpkg"]]')
    home = fresh()
    assert names(make(home, "sound")) == ["by-alsa.1", "sound.1"]
    assert names(make(home, "sound", depexts=True)) == ["by-jack.1", "sound.1"]
    lacking = missing_depexts(home.universe)
    assert lacking is not None
    assert [lacking("by-alsa", "1"), lacking("by-jack", "1"), lacking("sound", "1")] == [2, 0, 0]
