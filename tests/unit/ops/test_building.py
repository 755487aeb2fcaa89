"""What is fetched and built, when a source turns out to be another than planned."""

from __future__ import annotations

import subprocess
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.unit.ops.quiet import Quiet
from xpkg.core.digests import of_file
from xpkg.ops.asking import Ask
from xpkg.ops.building import Options
from xpkg.ops.home import Home
from xpkg.ops.install import Done, carry_out
from xpkg.ops.pairs import Pair
from xpkg.ops.planning import Plan
from xpkg.ops.solving import plan
from xpkg.sandbox.switches import create


def _archive(path: Path, text: str) -> str:
    """A source archive that holds one text, and its digest."""
    (path.parent / "text").write_text(text)
    with tarfile.open(path, "w") as archive:
        archive.add(path.parent / "text", "top/text")
    return str(of_file(path))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A state directory with a repository of two packages: ``lower-part`` has two sources, ``above`` needs it."""
    first, second, own = (tmp_path / f"{name}.tar" for name in ("first", "second", "own"))
    hashes = [_archive(path, path.stem) for path in (first, second, own)]
    repository = tmp_path / "repository" / "packages"
    common = """
opam-version: "2.0"
x-toolchain: "none"
install: ["sh" "-c" "mkdir -p %{share}% && cp text %{share}%/%{name}%"]
"""
    recipes = {
        "lower-part": f'url {{ src: "file://{first}" checksum: "{hashes[0]}" }}\n'
        f'x-alternative-sources: [["file://{second}" "{hashes[1]}"]]\n',
        "above": f'depends: "lower-part"\nurl {{ src: "file://{own}" checksum: "{hashes[2]}" }}\n',
    }
    for name, text in recipes.items():
        place = repository / name / f"{name}.1"
        place.mkdir(parents=True)
        (place / "opam").write_text(common + text)
    root = tmp_path / "root"
    root.mkdir()
    (root / "settings.toml").write_text(f'[[repository]]\nname = "test"\naddress = "{repository.parent}"\n')
    return Home(root)


def _install(home: Home) -> Done:
    switch = home.find_switch()

    def make() -> Plan:
        return plan(home, switch, [Pair()], Ask(packages=("above",)))

    return carry_out(
        home,
        switch,
        make,
        make(),
        Options(),
        Quiet(),
    )


def _content(home: Home, name: str) -> str:
    return (home.find_switch().prefix("build") / "share" / name).read_text()


def test_another_alternative_is_built_with_and_known_by_its_own_key(home: Home, tmp_path: Path) -> None:
    (tmp_path / "first.tar").unlink()
    _install(home)
    assert (_content(home, "lower-part"), _content(home, "above")) == ("second", "own")


def test_what_an_alternative_makes_missing_is_fetched_as_well(home: Home, tmp_path: Path) -> None:
    """``above`` is in the store, but was built with the ``lower-part`` of the source that is gone."""
    _install(home)
    assert _content(home, "lower-part") == "first"
    store = home.store
    keys = store.keys()
    store.remove(next(key for key in keys if store.output(key).record.name == "lower-part"))
    subprocess.run(["rm", "-rf", tmp_path / "root" / "cache", tmp_path / "first.tar"], check=True)
    create(home.root, "other")
    other = Home(home.root.root, "other")
    _install(other)
    assert (_content(other, "lower-part"), _content(other, "above")) == ("second", "own")


def test_what_another_process_builds_meanwhile_is_not_built_here(home: Home) -> None:
    """Both find it missing; whoever is second waits and takes what the first has built."""
    homes = []
    for name in ("one", "two"):
        create(home.root, name)
        homes.append(Home(home.root.root, name))
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(_install, homes))
    assert [one.built + one.reused for one in done] == [2, 2]
    assert sum(one.built for one in done) == 2
    assert [_content(one, "above") for one in homes] == ["own", "own"]
