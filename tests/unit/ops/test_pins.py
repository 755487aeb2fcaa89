from __future__ import annotations

import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from xpkg.core.errors import InputFileError, NotFoundError, UsageError, XpkgError
from xpkg.ops.holding import hold, release
from xpkg.ops.holds import HeldPackage, check_removal, held_of
from xpkg.ops.home import Home
from xpkg.ops.pairs import Pair
from xpkg.ops.pin_words import Wish, read_wish
from xpkg.ops.pinning import PinChange, add, refresh, remove
from xpkg.ops.pins import developed_of, pins_of, universe_of
from xpkg.ops.settings import RepositorySettings
from xpkg.repo.machine_names import BUILD
from xpkg.repo.pinned import live
from xpkg.repo.sources.progress import silent
from xpkg.repo.universe import UnknownPackage
from xpkg.sandbox import generations, switches
from xpkg.sandbox.switches import Generation, Installed, Pin, Switch
from xpkg.solver.model import Instance

HEAD = 'opam-version: "2.0"\n'


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    here = Home(tmp_path / "state", environment={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)})
    for name, text in {
        "lib.1.0": "",
        "lib.2.0": 'build: ["make"]\nurl {\n  src: "https://example.org/lib.tar.gz"\n}\n',
        "app.1": 'depends: ["lib"]\n',
    }.items():
        write(tmp_path / "repo" / "packages" / name.partition(".")[0] / name / "opam", HEAD + text)
    write(tmp_path / "repo" / "packages" / "lib" / "lib.2.0" / "files" / "fix", "a fix")
    here.change_settings(lambda now: now.with_repository(RepositorySettings(name="r", address=str(tmp_path / "repo"))))
    return here


@pytest.fixture
def switch(home: Home) -> Switch:
    return switches.create(home.root, "s")


def pin(home: Home, switch: Switch, base: Path, *words: str, pin_depends: bool = True) -> list[PinChange]:
    return list(add(home, switch, read_wish(words, base), silent, pin_depends=pin_depends))


def git(directory: Path, *arguments: str) -> str:
    command = ["git", "-C", str(directory), "-c", "user.name=A", "-c", "user.email=a@example.org", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def commit(directory: Path) -> str:
    if not (directory / ".git").exists():
        git(directory, "init", "-q", "-b", "main")
    git(directory, "add", "-A")
    git(directory, "commit", "-q", "-m", "a commit")
    return git(directory, "rev-parse", "HEAD")


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["lib", "1.0"], Wish(name="lib", version="1.0")),
        (["lib.1.0"], Wish(name="lib", version="1.0")),
        (["lib.1.0+a~b.2"], Wish(name="lib", version="1.0+a~b.2")),
        (["."], Wish(address="/w")),
        (["lib", "./x/../y/"], Wish(name="lib", address="/w/y")),
        (["lib.7", "/abs"], Wish(name="lib", version="7", address="/abs")),
        (["file:///abs/x"], Wish(address="/abs/x")),
        (["git+https://h.org/p#b"], Wish(address="git+https://h.org/p#b")),
        (["lib", "https://h.org/p.git"], Wish(name="lib", address="git+https://h.org/p.git")),
        (["git+file:///p#" + "a" * 40], Wish(address="git+file:///p#" + "a" * 40)),
        (["git+ssh://git@h.org/p.git"], Wish(address="git+ssh://git@h.org/p.git")),
    ],
)
def test_what_words_mean(words: Sequence[str], meant: Wish) -> None:
    assert read_wish(words, Path("/w")) == meant


@pytest.mark.parametrize(
    "words",
    [
        ["lib"],
        ["lib", "-x"],
        ["-lib", "1.0"],
        ["li b", "1.0"],
        ["lib.1.0", "2.0"],
        ["lib", ""],
        ["", "1.0"],
        ["..lib"] * 2,
        ["lib", "git+https://-oProxyCommand=x/y"],
        ["lib", "git+ext::sh -c x"],
        ["lib", "git://h.org/p"],
        ["lib", "git@h.org:p"],
        ["lib", "https://h.org/p.tar.gz"],
        ["lib", "git+https://h.org/p#--upload-pack=x"],
        ["lib", "1.0\n"],
        ["con", "1.0"],
        ["lib", "9" * 200],
    ],
)
def test_words_that_mean_nothing(words: Sequence[str]) -> None:
    with pytest.raises(UsageError) as caught:
        read_wish(words, Path("/w"))
    assert caught.value.exit_code == 2


def test_a_directory_not_written_as_one_is_hinted_at(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    with pytest.raises(UsageError) as caught:
        read_wish(["lib"], tmp_path)
    assert caught.value.hint == "for the directory write ./lib"


def test_a_version_that_exists_is_recorded_and_no_other(home: Home, switch: Switch, tmp_path: Path) -> None:
    (change,) = pin(home, switch, tmp_path, "lib", "1.00")
    assert change.after == Pin(name="lib", version="1.0")  # as the repository spells it
    assert pins_of(switch.current()) == (("lib", "1.0"),)
    assert developed_of(switch.current()) == frozenset()
    assert universe_of(home, switch.current()) is home.universe
    number = switch.current().number
    assert pin(home, switch, tmp_path, "lib.1.0") == []
    assert switch.current().number == number
    for words in (["lib", "3"], ["lub", "1.0"]):
        with pytest.raises(UnknownPackage) as caught:
            pin(home, switch, tmp_path, *words)
        assert caught.value.hint is not None
    assert switch.current().number == number


def test_the_record_goes_with_the_generations(home: Home, switch: Switch, tmp_path: Path) -> None:
    pin(home, switch, tmp_path, "lib.1.0")
    pin(home, switch, tmp_path, "lib.2.0")
    assert [pins_of(one) for one in switch.history()] == [(), (("lib", "1.0"),), (("lib", "2.0"),)]
    with switch.lock():
        assert pins_of(switch.rollback(1)) == (("lib", "1.0"),)
    (change,) = remove(home, switch, ["lib"])
    assert (change.before, change.after) == (Pin(name="lib", version="1.0"), None)
    assert switch.current().number == 3
    with pytest.raises(NotFoundError) as caught:
        remove(home, switch, ["lib"])
    assert caught.value.reference == "not-pinned"


def test_the_first_format_of_generations_is_still_read() -> None:
    old = b'{"format": 1, "generation": {"number": 3, "created": 1.5, "targets": ["toy"]}}'
    assert generations.decode(old, "x") == Generation(number=3, created=1.5, targets=("toy",))
    with pytest.raises(XpkgError) as caught:
        generations.decode(old.replace(b'"format": 1', b'"format": 9'), "x")
    assert caught.value.message.endswith("it has format 9, this xpkg reads formats 1 and 2")


def test_a_generation_is_read_as_it_was_written() -> None:
    made = Generation(
        number=1,
        created=2.0,
        pins=(Pin(name="a", version="dev", address="/x"), Pin(name="b", version="1", by="a", commit="c", given=True)),
        held=(("a", "build"),),
        invariant='"ocaml" {>= "5"}',
    )
    assert generations.decode(generations.encode(made), "x") == made


def test_all_packages_of_a_directory(home: Home, switch: Switch, tmp_path: Path) -> None:
    top = tmp_path / "top"
    write(top / "one.opam", HEAD + 'version: "3"\n')
    write(top / "opam" / "two.opam", HEAD)
    write(top / "lib.opam" / "opam", HEAD)
    write(top / "not a name.opam", HEAD)
    changes = pin(home, switch, tmp_path, "./top")
    assert [(one.name, one.after.version) for one in changes if one.after] == [
        ("lib", "2.0"),  # of a repository, as it says none itself
        ("one", "3"),
        ("two", "dev"),
    ]
    universe = universe_of(home, switch.current())
    assert universe.versions("lib") == ("2.0",)
    assert universe.versions("two") == ("dev",)
    assert universe.versions("app") == ("1",)
    assert {"one", "two", "app"} <= set(universe.names())
    assert universe.recipe("lib", "2.0").build == ()
    assert universe.recipe("lib", "2.0").developed
    assert developed_of(switch.current()) == {"lib", "one", "two"}


def test_a_file_opam_without_a_name_is_for_the_directory_s_name(home: Home, switch: Switch, tmp_path: Path) -> None:
    write(tmp_path / "mine" / "opam", HEAD)
    assert [one.name for one in pin(home, switch, tmp_path, "./mine")] == ["mine"]
    write(tmp_path / "mine" / "opam", HEAD + 'name: "ours"\n')
    assert [one.name for one in pin(home, switch, tmp_path, "./mine")] == ["ours"]
    with pytest.raises(InputFileError) as caught:
        pin(home, switch, tmp_path, "mine", "./mine")
    assert caught.value.message.endswith("this is the recipe of 'ours', not of mine")


def test_a_directory_without_recipe_takes_that_of_the_repositories(home: Home, switch: Switch, tmp_path: Path) -> None:
    write(tmp_path / "lib" / "Makefile", "all:\n")
    pin(home, switch, tmp_path, "lib", "./lib")
    universe = universe_of(home, switch.current())
    recipe = universe.recipe("lib", "2.0")
    (source,) = recipe.sources
    assert source.urls == (f"path+file://{tmp_path}/lib",)
    assert recipe.file.sections("url") == ()
    assert [name for name, path in recipe.files if path.read_text() == "a fix"] == ["fix"]
    pin(home, switch, tmp_path, "lib.1.0", "./lib")
    assert universe_of(home, switch.current()).recipe("lib", "1.0").build == ()
    with pytest.raises(NotFoundError) as caught:
        pin(home, switch, tmp_path, "lob", "./lib")
    assert caught.value.reference == "no-recipe"
    assert caught.value.hint == "did you mean lib?"


def test_recipes_of_opam_1_are_upgraded(home: Home, switch: Switch, tmp_path: Path) -> None:
    write(tmp_path / "old" / "opam" / "opam", 'opam-version: "1.2"\nname: "old"\nbuild: [make]\n')
    write(tmp_path / "old" / "opam" / "descr", "An old one\nIt is.\n")
    write(tmp_path / "old" / "opam" / "url", 'archive: "https://example.org/x.tar.gz"\n')
    pin(home, switch, tmp_path, "./old")
    recipe = universe_of(home, switch.current()).recipe("old", "dev")
    assert recipe.synopsis == "An old one"
    assert [source.urls[0] for source in recipe.sources] == [f"path+file://{tmp_path}/old"]


def test_what_is_in_the_directory_counts_when_something_is_planned(home: Home, switch: Switch, tmp_path: Path) -> None:
    write(tmp_path / "p" / "p.opam", HEAD)
    pin(home, switch, tmp_path, "./p")

    def digest() -> str:
        recipe = universe_of(home, switch.current()).recipe("p", "dev")
        return f"{recipe.sources[0].digests[0]} {recipe.digest}"

    before = digest()
    assert digest() == before
    write(tmp_path / "p" / "code", "1")
    after = digest()
    assert after.split()[0] != before.split()[0]
    assert after.split()[1] == before.split()[1]
    write(tmp_path / "p" / "p.opam", HEAD + 'version: "2"\ndepends: ["lib"]\n')
    entry = universe_of(home, switch.current()).entry("p", "dev")
    assert "lib" in "".join(entry.written("depends"))
    (change,) = refresh(home, switch, silent)
    assert change.after is not None
    assert change.after.version == "2"


def test_a_wrong_recipe_stops_only_what_needs_it(home: Home, switch: Switch, tmp_path: Path) -> None:
    write(tmp_path / "p" / "p.opam", HEAD)
    pin(home, switch, tmp_path, "./p")
    write(tmp_path / "p" / "p.opam", HEAD + "depends: 3")
    universe = universe_of(home, switch.current())
    problem = universe.entry("p", "dev").problem
    assert problem is not None
    assert problem.startswith(f"{tmp_path}/p/p.opam:2: ")
    assert universe.entry("app", "1").problem is None
    (change,) = refresh(home, switch, silent)
    assert change.error is not None
    assert not change.changed
    (tmp_path / "p" / "p.opam").unlink()
    gone = universe_of(home, switch.current()).entry("p", "dev").problem
    assert gone is not None
    assert "has no recipe of it any more" in gone


def test_for_requests_other_versions_are_there_beside_a_pinned_source(
    home: Home, switch: Switch, tmp_path: Path
) -> None:
    write(tmp_path / "p" / "lib.opam", HEAD + 'version: "2.0"\nsynopsis: "mine"\n')
    pin(home, switch, tmp_path, "./p")
    assert universe_of(home, switch.current()).versions("lib") == ("2.0",)
    universe = universe_of(home, switch.current(), alone=False)
    assert universe.versions("lib") == ("2.0", "1.0")
    assert universe.recipe("lib", "2.0").synopsis == "mine"
    assert universe.entry("lib", "1.0").repository == "r"


def test_what_repositories_say_of_a_pinned_name_holds(home: Home, switch: Switch, tmp_path: Path) -> None:
    """Overlays and cross rules, except where an exclusive repository owns the name."""
    write(tmp_path / "p" / "lib.opam", HEAD + 'url { src: "https://example.org/own.tar.gz" }\n')
    pin(home, switch, tmp_path, "./p")
    overlay = 'overlay "a reason" {\n  set { build: [["of-r"]] url { src: "https://example.org/x.tar.gz" } }\n}\n'
    write(tmp_path / "repo" / "overlays" / "lib.opam", HEAD + overlay)
    write(tmp_path / "repo" / "cross.toml", '[both]\nlib = "a reason"\n')

    def seen() -> tuple[list[str], str, str | None]:
        universe = universe_of(Home(tmp_path / "state", environment=home.environment), switch.current())
        recipe, rule = universe.recipe("lib", "2.0"), universe.cross.where("lib")
        words = [arg.text for command in recipe.build for arg in command.args]
        return words, recipe.sources[0].urls[0], None if rule is None else rule.runs_on

    assert seen() == (["of-r"], f"path+file://{tmp_path}/p", "both")
    write(tmp_path / "owner" / "packages" / "lib" / "lib.5" / "opam", HEAD)
    owner = RepositorySettings(name="owner", address=str(tmp_path / "owner"), exclusive=True)
    home.change_settings(lambda now: now.with_repository(owner))
    assert seen() == ([], f"path+file://{tmp_path}/p", None)
    # For requests there are the owner's versions beside it, and those of nobody else.
    here = Home(tmp_path / "state", environment=home.environment)
    assert universe_of(here, switch.current(), alone=False).versions("lib") == ("5", "2.0")


def test_files_of_a_recipe_are_in_its_directory(home: Home, switch: Switch, tmp_path: Path) -> None:
    write(tmp_path / "private" / "key", "secret")
    write(tmp_path / "p" / "opam" / "opam", HEAD)
    (tmp_path / "p" / "opam" / "files").symlink_to("../../private")
    with pytest.raises(InputFileError):
        pin(home, switch, tmp_path, "./p")  # as a source it leads out
    with pytest.raises(InputFileError, match="lead out of its directory"):
        live(tmp_path / "p", "p")
    (tmp_path / "p" / "opam" / "files").unlink()
    write(tmp_path / "p" / "opam" / "files" / "fix", "a fix")
    (tmp_path / "p" / "opam" / "files" / "key").symlink_to("../../../private/key")
    with pytest.raises(InputFileError):
        pin(home, switch, tmp_path, "./p")
    (tmp_path / "p" / "opam" / "files" / "key").unlink()
    pin(home, switch, tmp_path, "./p")
    files = universe_of(home, switch.current()).recipe("p", "dev").files
    assert files == (("fix", tmp_path / "p" / "opam" / "files" / "fix"),)


def test_a_recipe_that_cannot_be_read(home: Home, switch: Switch, tmp_path: Path) -> None:
    write(tmp_path / "p" / "p.opam", HEAD)
    pin(home, switch, tmp_path, "./p")
    (tmp_path / "p" / "p.opam").unlink()
    (tmp_path / "p" / "p.opam").symlink_to("p.opam")
    problem = universe_of(home, switch.current()).entry("p", "dev").problem
    assert problem is not None
    assert "Too many levels of symbolic links" in problem


def test_a_branch_is_followed_when_asked(home: Home, switch: Switch, tmp_path: Path) -> None:
    write(tmp_path / "g" / "g.opam", HEAD + 'version: "1"\n')
    first = commit(tmp_path / "g")
    address = f"git+file://{tmp_path}/g#main"
    (change,) = pin(home, switch, tmp_path, address)
    assert change.after is not None
    assert (change.after.commit, change.after.version) == (first, "1")
    write(tmp_path / "g" / "g.opam", HEAD + 'version: "2"\n')
    second = commit(tmp_path / "g")
    recipe = universe_of(home, switch.current()).recipe("g", "1")
    assert recipe.sources[0].urls == (f"git+file://{tmp_path}/g#{first}",)
    (moved,) = refresh(home, switch, silent)
    assert moved.before is not None
    assert moved.after is not None
    assert (moved.before.commit, moved.after.commit, moved.after.version) == (first, second, "2")
    assert list(refresh(home, switch, silent)) == []
    # One commit stays whatever happens, and so does a version of the user's.
    pin(home, switch, tmp_path, "g.9", f"git+file://{tmp_path}/g#{first}")
    assert list(refresh(home, switch, silent)) == []
    assert pins_of(switch.current()) == (("g", "9"),)


def test_a_ref_that_is_not_there(home: Home, switch: Switch, tmp_path: Path) -> None:
    write(tmp_path / "g" / "g.opam", HEAD)
    commit(tmp_path / "g")
    git(tmp_path / "g", "tag", "v1.0")
    with pytest.raises(NotFoundError) as caught:
        pin(home, switch, tmp_path, f"git+file://{tmp_path}/g#v1.1")
    assert caught.value.reference == "unknown-ref"
    assert caught.value.hint == "did you mean v1.0?"
    assert switch.current().pins == ()


def test_pin_depends(home: Home, switch: Switch, tmp_path: Path) -> None:
    write(tmp_path / "dep" / "dep.opam", HEAD)
    write(tmp_path / "p" / "p.opam", HEAD + f'pin-depends: [["dep.4" "{tmp_path}/dep"]["lib.1.0" "../dep"]]\n')
    write(tmp_path / "dep" / "opam", HEAD + 'name: "dep"\n')
    with pytest.raises(InputFileError) as caught:  # what is there is no recipe of lib
        pin(home, switch, tmp_path, "./p")
    assert caught.value.message.startswith("a dependency cannot be pinned: ")
    (tmp_path / "dep" / "opam").unlink()
    made = {one.name: one.after for one in pin(home, switch, tmp_path, "./p") if one.after is not None}
    assert {name: (one.version, one.by) for name, one in made.items()} == {
        "p": ("dev", ""),
        "dep": ("4", "p"),
        "lib": ("1.0", "p"),
    }
    pin(home, switch, tmp_path, "lib.2.0")
    (declined,) = pin(home, switch, tmp_path, "./p")
    assert declined.declined is not None
    assert not declined.changed
    assert dict(pins_of(switch.current()))["lib"] == "2.0"


@pytest.mark.parametrize(
    "address",
    ["/etc", "../x", "git+file:///x", "git+https://-x/y", "git+ext::sh", "--upload-pack=x", "x", "https://h.org/x.tgz"],
)
def test_what_a_fetched_recipe_cannot_ask_for(home: Home, tmp_path: Path, address: str) -> None:
    from xpkg.ops.pin_making import needed_pin
    from xpkg.ops.pin_sources import PinSource
    from xpkg.repo.source_tree import DirectoryTree

    source = PinSource(address="git+https://example.org/p", commit="c" * 40, tree=DirectoryTree(tmp_path), label="p")
    with pytest.raises(UsageError) as caught:
        needed_pin(home, source, "p", ("dep.4", address), silent)
    assert ("asked for by", f"p ({tmp_path})") in caught.value.context


def test_two_processes_at_once_lose_nothing(home: Home, switch: Switch, tmp_path: Path) -> None:
    def work(name: str) -> None:
        write(tmp_path / name / f"{name}.opam", HEAD)
        for _ in range(3):
            add(home, switch, read_wish([f"./{name}"], tmp_path), silent)
            remove(home, switch, [name])
        add(home, switch, read_wish([f"./{name}"], tmp_path), silent)

    threads = [threading.Thread(target=work, args=(f"p{number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [name for name, _ in pins_of(switch.current())] == ["p0", "p1", "p2"]
    assert switch.current().number == 21


HELD = Generation(
    number=1,
    created=0.0,
    targets=("toy",),
    installed=(
        Installed(name="lib", version="1.0", machine=BUILD, key="k1", tree=BUILD),
        Installed(name="lib", version="1.0", machine=BUILD, key="k1", tree="toy-tools"),
        Installed(name="lib", version="1.0", machine="toy", key="k2", tree="toy"),
    ),
    held=(("lib", "toy"),),
)


def test_holds_are_on_one_machine_of_one_pair() -> None:
    assert held_of(HELD, Pair()) == ()
    assert held_of(HELD, Pair.of("toy")) == (Instance(name="lib", version="1.0", machine="toy"),)
    assert held_of(None, Pair()) == ()
    check_removal(held_of(HELD, Pair.of("toy")), [("lib", BUILD)])
    with pytest.raises(HeldPackage):
        check_removal(held_of(HELD, Pair.of("toy")), [("lib", "toy")])


def test_only_what_is_installed_can_be_held(home: Home, switch: Switch) -> None:
    for change in (hold, release):
        with pytest.raises(NotFoundError):
            change(home, switch, ["lib"])
    assert switch.current().number == 0
