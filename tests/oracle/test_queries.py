"""``xpkg list`` selects what ``opam list`` does, on the whole universe; ``xpkg show --field`` prints what opam does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.oracle.opam import Opam
from xpkg.ops import query_show
from xpkg.ops.home import Home
from xpkg.ops.pairs import Pair
from xpkg.ops.query_edges import Kinds
from xpkg.ops.query_list import Criteria, known
from xpkg.ops.settings import RepositorySettings
from xpkg.repo.version_order import VersionKey, version_key

pytestmark = pytest.mark.timeout(900)

_VARIABLES = ("arch", "os", "os-distribution", "os-family", "os-version")
_NAMES = (
    "lwt",
    "dune",
    "cmdliner",
    "conf-libcurl",
    "ocamlfind",
    "mirage-crypto",
    "ocaml-system",
)


@pytest.fixture(scope="module")
def asked(opam: Opam, universe_archive: Path) -> Opam:
    """opam with the whole universe."""
    opam.unpack(universe_archive)
    return opam


@pytest.fixture(scope="module")
def home(asked: Opam, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The same universe for us, seen from the machine that opam sees."""
    place = tmp_path_factory.mktemp("queries")
    (place / "machine" / "packages").mkdir(parents=True)
    (place / "machine" / "targets").mkdir()
    found = asked.variables()
    lines = "".join(f'{name} = "{found[name]}"\n' for name in _VARIABLES if name in found)
    (place / "machine" / "targets" / "native.toml").write_text(
        f'name = "native"\ntriple = "x86_64-linux-gnu"\n[variables]\n{lines}'
    )
    home = Home(place / "root")
    chosen = (
        RepositorySettings(name="default", address=str(asked.repository), exclusive=True),
        RepositorySettings(name="machine", address=str(place / "machine")),
    )
    home.change_settings(lambda settings: replace(settings, repositories=chosen))
    return Home(place / "root")


_CHANGED = {path.stem for path in (Path(__file__).parent.parent.parent / "packages" / "_overlays").glob("*.opam")}
"""Packages that the shipped overlays change: they stand for those that build what opam asks the system for."""

Found = dict[tuple[str, VersionKey], str]
"""What a listing has.  Of versions that its order holds equal opam keeps one: they are one here too."""


def _opam(opam: Opam, *arguments: str) -> Found:
    said = opam.run("list", "-A", "--all-versions", "--short", "--columns=package", *arguments)
    packages = (package.partition(".") for package in said.split())
    return {(name, version_key(version)): f"{name}.{version}" for name, _, version in packages}


def _xpkg(home: Home, criteria: Criteria) -> Found:
    wrong: list[str] = []
    rows = known(home, Pair(), criteria, wrong.append)
    assert wrong == []
    return {(row.name, version_key(row.version)): f"{row.name}.{row.version}" for row in rows}


def _differences(ours: Found, theirs: Found) -> tuple[set[str], set[str]]:
    """What only we have and what only opam has."""
    only_ours, only_theirs = ours.keys() - theirs.keys(), theirs.keys() - ours.keys()
    return (
        {ours[one] for one in only_ours if one[0] not in _CHANGED},
        {theirs[one] for one in only_theirs if one[0] not in _CHANGED},
    )


def _same(opam: Opam, home: Home, criteria: Criteria, *arguments: str) -> None:
    assert _differences(_xpkg(home, criteria), _opam(opam, *arguments)) == (set(), set())


def _criteria(**given: object) -> Criteria:
    return Criteria(repositories=("default",), all_versions=True, **given)  # type: ignore[arg-type]


def _skip_before_2_2(opam: Opam) -> None:
    """opam 2.1 asks its solver, 2.2 and later the recipes (``OpamSwitchState.dependencies``), as we do."""
    if opam.version < (2, 2):
        pytest.skip(f"opam {opam.text} answers this through its solver; XPKG_TEST_OPAM can name a newer one")


def test_everything(asked: Opam, home: Home) -> None:
    _same(asked, home, _criteria())


@pytest.mark.parametrize("name", _NAMES)
def test_direct_needs(asked: Opam, home: Home, name: str) -> None:
    _same(asked, home, _criteria(depends_on=(name,)), f"--depends-on={name}")
    _same(asked, home, _criteria(required_by=(name,)), f"--required-by={name}")


@pytest.mark.parametrize(
    "name", ["lwt.5.6.1", "dune>=3.17", "ocaml<4.02", "cmdliner,zarith", "ocaml-base-compiler.5.3.0"]
)
def test_needs_of_some_versions(asked: Opam, home: Home, name: str) -> None:
    _same(asked, home, _criteria(depends_on=(name,)), f"--depends-on={name}")
    _same(asked, home, _criteria(required_by=(name,)), f"--required-by={name}")


@pytest.mark.parametrize(
    ("option", "kinds"),
    [
        ("--nobuild", Kinds(build=False)),
        ("--post", Kinds(post=True)),
        ("--with-test", Kinds(test=True)),
        ("--with-doc", Kinds(doc=True)),
        ("--depopts", Kinds(depopts=True)),
    ],
)
def test_kinds_of_needs(asked: Opam, home: Home, option: str, kinds: Kinds) -> None:
    for name in ("odoc", "base-threads"):
        criteria = _criteria(depends_on=(name,), kinds=kinds)
        _same(asked, home, criteria, f"--depends-on={name}", option)
        criteria = _criteria(required_by=(name,), kinds=kinds)
        _same(asked, home, criteria, f"--required-by={name}", option)


@pytest.mark.parametrize("name", ["lwt", "zarith.1.14", "js_of_ocaml"])
def test_recursive_needs(asked: Opam, home: Home, name: str) -> None:
    _skip_before_2_2(asked)
    criteria = _criteria(depends_on=(name,), recursive=True)
    # Before 2.2 opam left out the packages themselves; its newer tests (list.test) have them.
    theirs = _opam(asked, f"--depends-on={name}", "--recursive") | _opam(asked, name)
    assert _differences(_xpkg(home, criteria), theirs) == (set(), set())
    criteria = _criteria(required_by=(name,), recursive=True)
    _same(asked, home, criteria, f"--required-by={name}", "--recursive")


@pytest.mark.parametrize("name", ["ocaml-base-compiler.5.3.0", "lwt.5.9.1"])
def test_conflicts(asked: Opam, home: Home, name: str) -> None:
    _skip_before_2_2(asked)
    _same(asked, home, _criteria(conflicts_with=(name,)), f"--conflicts-with={name}")


@pytest.mark.parametrize("flag", ["compiler", "avoid-version"])
def test_flags(asked: Opam, home: Home, flag: str) -> None:
    _same(asked, home, _criteria(flags=(flag,)), f"--has-flag={flag}")


@pytest.mark.parametrize("pattern", ["conf-g*", "LWT", "lwt.5.*"])
def test_patterns(asked: Opam, home: Home, pattern: str) -> None:
    _same(asked, home, _criteria(patterns=(pattern,)), pattern)


@pytest.mark.parametrize("condition", ["license:*GPL-2*", "synopsis:event*driven"])
def test_fields(asked: Opam, home: Home, condition: str) -> None:
    _same(asked, home, _criteria(fields=(condition,)), f"--field-match={condition}")


def test_fields_that_only_the_recipe_has(asked: Opam, home: Home) -> None:
    """Of some packages: each is read whole."""
    condition, among = "depexts:libcurl", "conf-*"
    criteria = _criteria(fields=(condition,), patterns=(among,))
    assert any(name not in _CHANGED for name, _ in _xpkg(home, criteria))
    _same(asked, home, criteria, among, f"--field-match={condition}")


def test_printed_fields(asked: Opam, home: Home) -> None:
    """One package after the other, word by word: where opam breaks lines inside an item depends on its version."""
    names = ("synopsis", "license", "depends", "conflicts", "flags")
    packages = ("conf-jq.1", "mirage-crypto.2.4.0", "ocaml.5.3.0")
    ours = []
    for package in packages:
        (entry,) = query_show.chosen(home.universe, [package], pytest.fail)
        ours.append(query_show.fields(home, entry, names))
    for name in names:
        said = asked.run("show", *packages, f"--field={name}")
        words = [one[name].split() for one in ours]
        assert any(words), name
        assert [word for one in words for word in one] == said.split(), name
