from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from xpkg.cli.project_options import BUILD_SYSTEMS
from xpkg.core.errors import InputFileError, NotFoundError, UsageError, XpkgError
from xpkg.ops.asking import Ask
from xpkg.ops.home import Home
from xpkg.ops.pairs import Pair
from xpkg.ops.pinning import refresh
from xpkg.ops.project_build import plan_build
from xpkg.ops.project_init import write_recipes
from xpkg.ops.project_pins import PinnedSwitch, ProjectPins, pinned_there
from xpkg.ops.project_systems import SYSTEMS, recognise
from xpkg.ops.project_words import ProjectWish, names_project, read_project
from xpkg.ops.projects import find_project
from xpkg.ops.settings import RepositorySettings
from xpkg.repo.dune_workspace import has_own_contexts
from xpkg.repo.opamfile.file import parse
from xpkg.repo.pinned_recipes import pinned_of
from xpkg.repo.sources.progress import silent
from xpkg.repo.sources.settings import FetchSettings
from xpkg.repo.sources.tree_snapshot import snapshot_of
from xpkg.sandbox import switches
from xpkg.sandbox.switches import Pin, Switch

HEAD = 'opam-version: "2.0"\nx-toolchain: "none"\n'


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "state", environment={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    place = tmp_path / "project"
    write(place, {"one.opam": HEAD, "two.opam": HEAD + 'version: "2"\ndepends: ["one"]\n'})
    return place


def write(directory: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def pins_for(home: Home, directory: Path, *names: str) -> ProjectPins:
    return ProjectPins(home, [find_project(ProjectWish(directory=directory, names=names))], silent)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        (".", ProjectWish(directory=Path("x"))),
        ("./", ProjectWish(directory=Path("x"))),
        ("../x/one.opam", ProjectWish(directory=Path("x"), names=("one",))),
        ("one.opam", ProjectWish(directory=Path("x"), names=("one",))),
        (".:one", ProjectWish(directory=Path("x"), names=("one",))),
        ("opam/deep.opam", ProjectWish(directory=Path("x"), names=("deep",))),
        ("own.opam/opam", ProjectWish(directory=Path("x"), names=("own",))),
        ("opam/opam", ProjectWish(directory=Path("x"))),
    ],
)
def test_words(tmp_path: Path, word: str, meant: ProjectWish) -> None:
    here = tmp_path / "x"
    write(here, {"one.opam": HEAD, "opam/deep.opam": HEAD, "own.opam/opam": HEAD, "opam/opam": HEAD})
    assert names_project(word, here)
    found = read_project(word, here)
    assert (found.directory, found.names) == (here, meant.names)


def test_words_for_packages(tmp_path: Path) -> None:
    (tmp_path / "lwt").mkdir()
    assert not any(names_project(word, tmp_path) for word in ("lwt", "lwt.5.6.1", "lwt>=5", "foo.opam", "a" * 5000))


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("./nothing", NotFoundError),
        ("https://example.org/x.git", UsageError),
        ("./file.txt", UsageError),
        (".:no name", UsageError),
        ("./con.opam", UsageError),
        ("./" + "a" * 5000, NotFoundError),
        ("./\udcff", UsageError),
    ],
)
def test_words_that_mean_nothing(tmp_path: Path, word: str, kind: type[XpkgError]) -> None:
    write(tmp_path, {"file.txt": "", "con.opam": HEAD})
    with pytest.raises(kind):
        read_project(word, tmp_path)


def test_the_build_systems_have_an_order(tmp_path: Path) -> None:
    assert BUILD_SYSTEMS == SYSTEMS
    write(tmp_path, {"Makefile": "all:\n", "CMakeLists.txt": "project(a)\n", "meson.build": "project('a')\n"})
    assert (found := recognise(tmp_path)).system == "meson"
    assert found.others == ("cmake",)
    assert recognise(tmp_path, "make").file == "Makefile"
    with pytest.raises(UsageError) as error:
        recognise(tmp_path, "dune")
    assert ("there is", "meson, cmake, make") in error.value.context


def test_a_mark_must_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "configure").mkdir()
    os.mkfifo(tmp_path / "meson.build")
    with pytest.raises(NotFoundError, match="there is no project"):
        recognise(tmp_path)


@pytest.mark.parametrize(
    "files",
    [
        {"meson.build": "project('a b', version: '1')\n"},
        {"CMakeLists.txt": "project(a VERSION 1)\nfind_package(ZLIB)\n"},
        {"configure": "", "configure.ac": "AC_INIT([a], [1])\nPKG_CHECK_MODULES(Z, zlib)\n"},
        {"Makefile": "all:\n\ttrue\n"},
        {"dune-project": '(lang dune 3.0)\n(package (name a) (synopsis "x \\"y\\" z") (depends (b (>= "1")) ocaml))\n'},
    ],
)
def test_what_is_derived_is_a_recipe(tmp_path: Path, files: Mapping[str, str]) -> None:
    """What init writes is read as it was derived, and once more it is refused."""
    write(tmp_path, files)
    derived = find_project(ProjectWish(directory=tmp_path))
    assert derived.assumed
    written = write_recipes(ProjectWish(directory=tmp_path))
    again = find_project(ProjectWish(directory=tmp_path))
    assert again.system is None
    assert again.names == derived.names
    for path in written.files:
        recipe = pinned_of(parse(path.read_text(), path.name), path.stem, {})
        assert recipe.version == derived.recipes[path.stem].version
    with pytest.raises(XpkgError, match="has a recipe already"):
        write_recipes(ProjectWish(directory=tmp_path))


def test_an_editors_lock_makes_no_project_one_in_another_language(tmp_path: Path) -> None:
    write(tmp_path, {"CMakeLists.txt": "project(calc)\n", "calc.c": ""})
    (tmp_path / ".#calc.cc").symlink_to("ann@host.4711:1700000000")
    recipe = find_project(ProjectWish(directory=tmp_path)).recipes["calc"]
    assert "conf-g++" not in recipe.file.text


def test_a_build_file_that_is_too_large(tmp_path: Path) -> None:
    write(tmp_path, {"meson.build": "project('a')\n" + "#" * (5 << 20)})
    with pytest.raises(InputFileError, match="larger than"):
        find_project(ProjectWish(directory=tmp_path))


def test_one_package_comes_with_what_it_needs(project: Path) -> None:
    assert list(find_project(ProjectWish(directory=project, names=("one",))).recipes) == ["one"]
    found = find_project(ProjectWish(directory=project, names=("two",)))
    assert (found.names, sorted(found.recipes)) == (("two",), ["one", "two"])


def test_another_packages_recipe_may_be_wrong(project: Path) -> None:
    write(project, {"two.opam": "nonsense ["})
    assert list(find_project(ProjectWish(directory=project, names=("one",))).recipes) == ["one"]
    with pytest.raises(InputFileError):
        find_project(ProjectWish(directory=project))


def test_planning_a_build_leaves_no_trace(home: Home, project: Path) -> None:
    pins = pins_for(home, project)
    planned = plan_build(home, pins, [Pair()], Ask())
    assert [(one.name, one.version) for one in planned.actions] == [("one", "dev"), ("two", "2")]
    assert switches.names(home.root) == ()
    before = planned.keys
    write(project, {"_xpkg/build/x": "a product"})
    assert plan_build(home, pins_for(home, project), [Pair()], Ask()).keys == before
    write(project, {"source": "an edit"})
    assert plan_build(home, pins_for(home, project), [Pair()], Ask()).keys.isdisjoint(before)


def test_products_are_no_source_in_a_work_tree_either(project: Path) -> None:
    subprocess.run(["git", "-C", str(project), "init", "-q"], check=True)
    settings = FetchSettings(environment=dict(os.environ))
    before = snapshot_of(project, settings)
    write(project, {"_xpkg/build/x": "a product"})
    assert snapshot_of(project, settings).digests == before.digests


def pinned(home: Home, base: Switch, directory: Path, *names: str, passing: bool = False) -> PinnedSwitch:
    return PinnedSwitch(home.root, base, pins_for(home, directory, *names).over, passing=passing)


def test_pins_are_the_switchs_once_recorded(home: Home, project: Path) -> None:
    base = switches.create(home.root, "s")
    seen = pinned(home, base, project)
    assert [pin.name for pin in seen.current().pins] == ["one", "two"]
    assert base.current().pins == ()
    seen.record(home.store)
    assert base.current().pins == seen.current().pins
    number = base.current().number
    (home.root.locks / "switch-s.lock").unlink()
    seen.record(home.store)
    assert base.current().number == number
    assert not (home.root.locks / "switch-s.lock").exists()  # a state directory that is only read will do


def test_passing_pins_stay_only_for_what_is_installed(home: Home, project: Path, tmp_path: Path) -> None:
    base = switches.create(home.root, "s")
    own = Pin(name="one", version="7", address=str(tmp_path / "elsewhere"), given=True)
    with base.lock():
        base.amend(home.store, pins=[own])
    seen = pinned(home, base, project, passing=True)
    assert {pin.address for pin in seen.current().pins} == {str(project)}
    with seen.lock():
        seen.commit(home.store, targets=[], roots=[], installed=[])
    assert base.current().pins == (own,)


def test_a_version_that_was_given_stays(home: Home, project: Path) -> None:
    base = switches.create(home.root, "s")
    with base.lock():
        base.amend(home.store, pins=[Pin(name="two", version="9", address=str(project), given=True)])
    assert {pin.name: pin.version for pin in pinned(home, base, project).current().pins} == {"one": "dev", "two": "9"}


def test_packages_without_versions_have_one(home: Home, tmp_path: Path) -> None:
    """Of one that the repositories know, the others take the version: they ask for each other's own."""
    for name in ("old.1.9", "new.1.10"):
        write(tmp_path / "repo" / "packages" / name.partition(".")[0] / name, {"opam": HEAD})
    one = RepositorySettings(name="r", address=str(tmp_path / "repo"))
    home.change_settings(lambda now: now.with_repository(one))
    write(tmp_path / "p", {"old.opam": HEAD, "new.opam": HEAD, "own.opam": HEAD + 'version: "4"\n', "no.opam": HEAD})
    found = {pin.name: pin.version for pin in pins_for(home, tmp_path / "p").pins}
    assert found == {"old": "1.10", "new": "1.10", "own": "4", "no": "1.10"}
    assert {pin.version for pin in pins_for(home, tmp_path / "p", "no").pins} == {"dev"}


def test_what_is_pinned_to_a_directory(home: Home, project: Path) -> None:
    base = switches.create(home.root, "s")
    pinned(home, base, project).record(home.store)
    assert pinned_there(base.current(), str(project), ()) == ("one", "two")
    assert pinned_there(base.current(), str(project), ("two",)) == ("two",)
    for directory, names in ((str(project), ("three",)), ("/nowhere", ())):
        with pytest.raises(NotFoundError, match="pinned to"):
            pinned_there(base.current(), directory, names)


def test_a_derived_recipe_is_derived_anew_when_its_pin_is_updated(home: Home, tmp_path: Path) -> None:
    write(tmp_path / "m", {"meson.build": "project('m', version: '1')\n"})
    base = switches.create(home.root, "s")
    pinned(home, base, tmp_path / "m").record(home.store)
    write(tmp_path / "m", {"meson.build": "project('m', version: '2')\n"})
    (moved,) = refresh(home, base, silent)
    assert moved.changed
    assert [pin.version for pin in base.current().pins] == ["2"]
    (tmp_path / "m" / "meson.build").unlink()
    (failed,) = refresh(home, base, silent)
    assert failed.error is not None
    assert [pin.version for pin in base.current().pins] == ["2"]


def test_two_projects_with_one_name(home: Home, project: Path, tmp_path: Path) -> None:
    write(tmp_path / "other", {"one.opam": HEAD})
    wishes = [ProjectWish(directory=project), ProjectWish(directory=tmp_path / "other")]
    with pytest.raises(UsageError, match="two projects have a package one"):
        ProjectPins(home, [find_project(one) for one in wishes], silent)


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("(lang dune 3.0)\n", False),
        ("(lang dune 3.0)\n(context default)\n", False),
        ("(lang dune 3.0)\n(context (default))\n(profile release)", False),
        ("(lang dune 3.0)\n; (context (opam (switch 4.14)))\n", False),
        ("(lang dune 3.0)\n(context (default (targets native windows)))\n", True),
        ("(lang dune 3.0)\n(context default)\n(context (opam (switch 4.14)))\n", True),
    ],
)
def test_contexts_of_a_workspace(tmp_path: Path, text: str, own: bool) -> None:
    write(tmp_path, {"dune-workspace": text, "one.opam": HEAD})
    assert has_own_contexts(tmp_path) is own
    assert bool(find_project(ProjectWish(directory=tmp_path)).assumed) is own


def test_a_workspace_of_contexts_changes_how_dune_is_run(home: Home, project: Path) -> None:
    def steps() -> tuple[dict[str, str], dict[str, str]]:
        (task, *_) = plan_build(home, pins_for(home, project, "one"), [Pair()], Ask()).tasks
        return dict(task.steps.environment), dict(task.steps.generated)

    environment, generated = steps()
    assert "DUNE_WORKSPACE" not in environment
    assert "dune-workspace" not in generated
    write(project, {"dune-workspace": "(lang dune 3.0)\n(context (opam (switch x)))\n"})
    environment, generated = steps()
    assert environment["DUNE_WORKSPACE"] == "/xpkg/etc/dune-workspace"
    assert "context" not in generated["dune-workspace"]


def test_no_workspace_at_all(tmp_path: Path) -> None:
    assert not has_own_contexts(tmp_path)
    os.mkfifo(tmp_path / "dune-workspace")
    assert not has_own_contexts(tmp_path)
