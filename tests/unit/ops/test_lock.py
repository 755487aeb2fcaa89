"""Locks over a real home with a small repository: what stays, what is noticed, what is refused."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from xpkg.core.digests import of_bytes
from xpkg.core.errors import InputFileError, NotFoundError
from xpkg.ops.first_use import FirstUse
from xpkg.ops.home import Home
from xpkg.ops.lock import make_lock
from xpkg.ops.lock_diff import changes
from xpkg.ops.lock_file import LockFile
from xpkg.ops.lock_reader import parse_lock
from xpkg.ops.lock_text import lock_text
from xpkg.ops.lock_wishes import LockWish, set_pins_aside, upgrading, wish_for_packages, wish_of_lock, wish_of_switch
from xpkg.ops.locked import LockDiffers, hold_first_uses, plan_locked
from xpkg.ops.locked_set import LockDoesNotFit
from xpkg.ops.situation import Situation
from xpkg.repo.source_values import Source
from xpkg.sandbox.generations import Pin
from xpkg.solver.model import NoSolution

FILE = Path("xpkg.lock")
RECIPES = {
    "basis.1": "",
    "basis.2": "",
    "user.1": 'depends: ["basis"]',
    "user.2": 'depends: ["basis" {>= "2"}]',
    "both.1": 'x-runs-on: "both" depends: ["basis"]',
    "generator.1": 'x-runs-on: "build"',
    "library.1": 'depends: ["generator" "both" "basis" "extra" {with-test}]',
    "extra.1": "",
    "rival.1": 'conflicts: ["basis" {= "1"}]',
    "chosen.1": 'depends: ["basis" | "rival"]',
}


class World:
    """A state directory and a repository that can be changed; what was read before is forgotten each time."""

    def __init__(self, directory: Path) -> None:
        self.repository = directory / "repository"
        self.root = directory / "root"
        self.root.mkdir()
        self.settings(f'[[repository]]\nname = "small"\naddress = "{self.repository}"\n')
        for package, text in RECIPES.items():
            self.recipe(package, text)

    def settings(self, text: str) -> None:
        (self.root / "settings.toml").write_text(text)

    def recipe(self, package: str, text: str) -> None:
        directory = self.repository / "packages" / package.split(".")[0] / package
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "opam").write_text(f'opam-version: "2.0" x-toolchain: "none" {text}\n')

    def remove(self, package: str) -> None:
        subprocess.run(["rm", "-r", self.repository / "packages" / package.split(".")[0] / package], check=True)

    @property
    def home(self) -> Home:
        return Home(self.root)

    @property
    def now(self) -> Situation:
        home = self.home
        return Situation(home, home.find_switch())

    def lock(
        self, *packages: str, target: str = "native", before: LockFile | None = None, extras: tuple[str, ...] = ()
    ) -> LockFile:
        now = self.now
        return make_lock(now, wish_for_packages(now, before, packages, target.split(","), extras), before).lock

    def again(self, before: LockFile, change: Callable[[LockWish], LockWish] = lambda wish: wish) -> LockFile:
        now = self.now
        set_pins_aside(now, before)
        return make_lock(now, change(wish_of_lock(before)), before).lock

    def refusal(self, lock: LockFile) -> list[str]:
        """What is said to differ."""
        with pytest.raises(LockDiffers) as caught:
            plan_locked(self.now, lock)
        return [": ".join(one) for one in caught.value.differences]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def versions(lock: LockFile) -> dict[str, str]:
    return {f"{one.name} {one.machine}": one.version for one in lock.instances}


def planned(world: World, lock: LockFile, *targets: str) -> list[str]:
    return [
        f"{one.action} {one.name}.{one.version} {one.machine}" for one in plan_locked(world.now, lock, targets).actions
    ]


def with_version(lock: LockFile, name: str, version: str, like: LockFile) -> LockFile:
    """The lock as a hand would edit it: another version of one package, with all that ``like`` says of that."""
    package = like.package(name, version)
    key = next(one.key for one in like.instances if one.name == name)
    assert package is not None
    return replace(
        lock,
        packages=tuple(package if one.name == name else one for one in lock.packages),
        instances=tuple(replace(one, version=version, key=key) if one.name == name else one for one in lock.instances),
    )


def test_everything_stays_until_somebody_wants_it_to_move(world: World) -> None:
    before = world.lock("user")
    world.recipe("basis.3", "")
    world.recipe("user.3", 'depends: ["basis"]')
    assert world.again(before) == before
    assert world.lock("user", before=before) == before
    assert versions(world.again(before, lambda wish: upgrading(wish, ["basis"], []))) == {
        "basis build": "3",
        "user build": "2",
    }
    assert versions(world.again(before, lambda wish: upgrading(wish, [], []))) == {
        "basis build": "3",
        "user build": "3",
    }
    assert world.lock("user") == world.again(before, lambda wish: upgrading(wish, [], []))


def test_only_as_much_moves_as_has_to(world: World) -> None:
    before = world.lock("user.1", "basis.1")
    world.recipe("basis.3", "")
    after = world.lock("user>=2", before=before)
    assert versions(after) == {"basis build": "3", "user build": "2"}
    assert [one.kind for one in changes(before, after)] == ["request", "upgrade", "upgrade"]


def test_more_packages_move_nothing_that_is_locked(world: World) -> None:
    """A newer version is there each time, and the new package would take it."""
    before = world.lock("user", "extra")
    world.recipe("basis.3", "")
    world.recipe("extra.2", "")
    world.recipe("more.1", 'depends: ["basis"]')
    world.recipe("more.2", 'depends: ["basis" "fresh"]')
    world.recipe("fresh.1", "")
    world.recipe("fresh.2", "")
    after = world.lock("user", "extra", "more", before=before)
    assert {**versions(before), "more build": "2", "fresh build": "2"} == versions(after)
    assert {one.kind for one in changes(before, after)} == {"add", "request"}
    named = world.lock("user", "more", "basis", before=before)
    assert versions(named)["basis build"] == "2"


def test_of_what_has_to_move_the_fewest_names_do(world: World) -> None:
    before = world.lock("user", "extra", "both")
    for package in ("basis.3", "user.3", "extra.2", "both.2"):
        world.recipe(package, "")
    world.recipe("more.1", "")
    world.recipe("more.2", 'depends: ["basis" {= "3"}]')
    world.recipe("more.3", 'depends: ["basis" {= "3"} "extra" {= "2"}]')
    assert versions(world.lock("user", "extra", "both", "more", before=before)) == versions(before) | {
        "more build": "1"
    }
    after = world.lock("user", "extra", "both", "more>=2", before=before)
    assert versions(after) == versions(before) | {"more build": "2", "basis build": "3"}


def test_a_new_package_does_not_take_the_place_of_a_locked_one(world: World) -> None:
    world.recipe("other.1", "")
    world.recipe("choice.1", 'depends: ["basis" | "other"]')
    world.recipe("more.1", "")
    world.recipe("more.2", 'conflicts: "basis"')
    before = world.lock("choice")
    assert versions(before) == {"basis build": "2", "choice build": "1"}
    assert versions(world.lock("choice", "more", before=before)) == versions(before) | {"more build": "1"}
    assert versions(world.lock("choice", "more>=2", before=before)) == {
        "choice build": "1",
        "more build": "2",
        "other build": "1",
    }


def test_less_is_locked_without_what_it_does_not_need(world: World) -> None:
    before = world.lock("user", "chosen", "extra")
    world.recipe("basis.3", "")
    assert versions(world.lock("user", before=before)) == {"basis build": "2", "user build": "2"}


def test_another_target_has_the_versions_that_are_locked(world: World) -> None:
    before = world.lock("user", target="kfreebsd")
    world.recipe("basis.3", "")
    world.recipe("user.3", 'depends: ["basis"]')
    after = world.lock("user", target="native,kfreebsd", before=before)
    assert versions(after) == versions(before) | {"basis build": "2", "user build": "2"}
    newer = world.again(after, lambda wish: upgrading(wish, ["basis"], ["native"]))
    assert versions(newer) == versions(after) | {"basis build": "3"}
    assert versions(world.again(after, lambda wish: upgrading(wish, [], ["native"])))["user build"] == "3"


def test_upgrades_move_of_others_only_what_has_to(world: World) -> None:
    before = world.lock("user", "extra")
    world.recipe("basis.3", "")
    world.recipe("extra.2", "")
    world.recipe("user.3", 'depends: ["basis" {>= "2"} "more"]')
    world.recipe("more.1", "")
    world.recipe("more.2", 'depends: ["basis" {>= "3"}]')
    after = world.again(before, lambda wish: upgrading(wish, ["user"], []))
    assert versions(after) == versions(before) | {"user build": "3", "more build": "1"}
    assert [one.name for one in after.instances if one.requested] == ["extra", "user"]
    assert len(planned(world, after)) == 4


def test_the_names_of_packages_may_come_in_any_order(world: World) -> None:
    assert world.lock("user", "extra") == world.lock("extra", "user", "extra")


def test_what_is_upgraded_must_be_locked(world: World) -> None:
    lock = world.lock("user")
    with pytest.raises(NotFoundError, match="extra is not locked"):
        world.again(lock, lambda wish: upgrading(wish, ["extra"], []))
    with pytest.raises(NotFoundError, match="nothing is locked for kfreebsd"):
        world.again(lock, lambda wish: upgrading(wish, [], ["kfreebsd"]))


def test_dependencies_are_named_with_their_machine(world: World) -> None:
    lock = world.lock("library", target="kfreebsd")
    depends = {f"{one.name} {one.machine}": one.depends for one in lock.instances}
    assert depends["library kfreebsd"] == ("basis", "both", "both@build", "generator@build")
    assert depends["both build"] == ("basis",)
    assert depends["generator build"] == ()
    assert set(depends) - {"library kfreebsd"} == {f"{name} build" for name in ("both", "basis", "generator")} | {
        f"{name} kfreebsd" for name in ("both", "basis")
    }
    assert parse_lock(lock_text(lock).encode(), FILE) == lock
    assert len(planned(world, lock)) == 6


def test_tests_stay_asked_for(world: World) -> None:
    lock = world.lock("library", extras=("with-test",))
    assert "extra build" in versions(lock)
    assert "extra build" not in versions(world.lock("library"))
    assert world.again(lock) == lock
    assert "install extra.1 build" in planned(world, lock)
    (change,) = [one for one in changes(world.lock("library"), lock) if one.kind == "request"]
    assert (change.what, change.before, change.after) == ("with-test for native", "", "library")


def test_a_lock_that_does_not_fit_together_is_refused(world: World) -> None:
    lock = with_version(world.lock("user"), "basis", "1", like=world.lock("basis.1"))
    with pytest.raises(InputFileError, match="does not fit together") as caught:
        plan_locked(world.now, parse_lock(lock_text(lock).encode(), FILE))
    because = [text for label, text in caught.value.context if label == "because"]
    assert any('user 2 needs basis >= "2"' in one and "the lock does not have it" in one for one in because), because


def test_a_lock_with_something_that_nobody_needs_is_refused(world: World) -> None:
    user, extra = world.lock("user"), world.lock("extra")
    lock = replace(
        user,
        packages=tuple(sorted((*user.packages, *extra.packages), key=lambda one: one.name)),
        instances=tuple(replace(one, requested=one.name == "user") for one in (*extra.instances, *user.instances)),
    )
    with pytest.raises(InputFileError) as caught:
        plan_locked(world.now, lock)
    assert ("because", "extra 1 [build] is in it, and nothing needs it") in caught.value.context


def test_another_alternative_than_the_locked_one_is_not_taken(world: World) -> None:
    """The recipe lets us choose; the lock does not."""
    lock = world.lock("chosen", "rival")
    assert set(versions(lock)) >= {"chosen build", "rival build"}
    less = replace(
        lock,
        packages=tuple(one for one in lock.packages if one.name == "chosen"),
        instances=tuple(replace(one, depends=()) for one in lock.instances if one.name == "chosen"),
        targets=tuple(replace(one, packages=("chosen",)) for one in lock.targets),
    )
    with pytest.raises(InputFileError, match="does not fit together"):
        plan_locked(world.now, less)


def test_what_a_recipe_says_of_its_needs_now_is_noticed(world: World) -> None:
    lock = world.lock("user.1")
    world.recipe("user.1", 'depends: ["basis" "extra"]')
    (told,) = world.refusal(lock)
    assert told.startswith("user 1: its recipe changed (opam file): sha256=")


def test_which_part_of_a_recipe_changed_is_told(world: World) -> None:
    directory = world.repository / "packages" / "basis" / "basis.2"

    def parts() -> str:
        (told,) = world.refusal(lock)
        return told.removeprefix("basis 2: its recipe changed (").split("): sha256=")[0]

    lock = world.lock("basis")
    (directory / "files").mkdir()
    (directory / "files" / "a.patch").write_text("x")
    assert parts() == "files/a.patch new"
    lock = world.lock("basis")
    (directory / "files" / "a.patch").write_text("y")
    assert parts() == "files/a.patch changed"
    (directory / "files" / "a.patch").rename(directory / "files" / "b.patch")
    (directory / "opam").write_text((directory / "opam").read_text() + "# more\n")
    assert parts() == "opam file; files/a.patch gone; files/b.patch new"
    lock = world.lock("basis")
    (directory / "files" / "b.patch").chmod(0o755)
    assert parts() == "the right to execute one of its files"
    overlays = world.repository / "overlays"
    overlays.mkdir()
    text = 'opam-version: "2.0"\noverlay "for this test" {\n  add { x-note: "WORD" }\n}\n'
    (overlays / "basis.opam").write_text(text)
    assert parts() == "overlays of none, now of small"
    lock = world.lock("basis")
    (overlays / "basis.opam").write_text(text.replace("WORD", "WORDS"))
    assert parts() == "overlay of small"


def test_a_machine_that_is_defined_otherwise_is_told_and_not_all_that_is_built_for_it(world: World) -> None:
    targets = world.repository / "targets"
    targets.mkdir()
    text = (
        'name = "moon"\ndescription = "x"\ntriple = "riscv64-moon-none"\n[variables]\narch = "riscv64"\nos = "moon"\n'
    )
    (targets / "moon.toml").write_text(text)
    lock = world.lock("user", target="moon")
    assert [one.name for one in lock.machines] == ["build", "moon"]
    (targets / "moon.toml").write_text(text.replace('description = "x"', 'description = "y"'))
    assert len(planned(world, lock)) == 2
    (targets / "moon.toml").write_text(text.replace('os = "moon"', 'os = "sun"'))
    (told,) = world.refusal(lock)
    assert told.startswith("machine moon: its definition changed: sha256=")


def test_a_dependency_placed_otherwise_is_noticed(world: World) -> None:
    """The rules are of the repository, not of the recipe."""
    lock = world.lock("library", target="kfreebsd")
    (world.repository / "cross.toml").write_text('[both]\nbasis = "for this test"\n')
    told = world.refusal(lock)
    assert any(
        one == "library 1 [kfreebsd]: it was locked as depending on basis both both@build generator@build; "
        "it depends on basis basis@build both both@build generator@build"
        for one in told
    ), told


def test_other_rules_for_keys_are_told_once(world: World) -> None:
    lock = world.lock("user")
    other = replace(lock, building=replace(lock.building, key_format=lock.building.key_format + 1))
    (told,) = world.refusal(other)
    assert told.startswith("builds: keys of format 2 with bubblewrap-1 were locked, this xpkg makes keys of format 1")


def test_only_the_first_of_builds_that_differ_is_told(world: World) -> None:
    lock = world.lock("user")
    keys = {"basis": "0" * 40, "user": "1" * 40}
    other = replace(lock, instances=tuple(replace(one, key=keys[one.name]) for one in lock.instances))
    (told,) = world.refusal(other)
    assert told.startswith(
        f"basis 2 [build]: this xpkg derives other build steps for it: build key {'0' * 40} was locked"
    )


def test_every_difference_is_told_at_once(world: World) -> None:
    lock = world.lock("library", "user")
    world.recipe("user.2", 'depends: ["basis" {>= "2"}] synopsis: "new"')
    world.recipe("library.1", RECIPES["library.1"] + ' synopsis: "new"')
    world.remove("basis.2")
    assert [one.split(":")[0] for one in world.refusal(lock)] == ["basis 2", "library 1", "user 2"]


def test_what_the_switch_holds_to_is_not_overruled(world: World) -> None:
    lock = world.lock("user")
    home = world.home
    switch = home.find_switch()
    with switch.lock():
        switch.amend(world.home.store, pins=[Pin(name="basis", version="1")])
    with pytest.raises(LockDoesNotFit, match="not what the switch holds to") as caught:
        plan_locked(world.now, lock)
    assert any("pinned" in text for _, text in caught.value.context), caught.value.context


def test_pins_are_locked_with_what_they_pin(world: World) -> None:
    switch = world.home.find_switch()
    with switch.lock():
        switch.amend(world.home.store, pins=[Pin(name="basis", version="1"), Pin(name="extra", version="1")])
    with pytest.raises(NoSolution):
        world.lock("user>=2")
    lock = world.lock("user")
    assert [(pin.name, pin.version, pin.kind) for pin in lock.pins] == [("basis", "1", "version")]
    assert versions(lock) == {"basis build": "1", "user build": "1"}
    for pins in ([], [Pin(name="basis", version="2")], [Pin(name="user", version="2")]):
        with switch.lock():
            switch.amend(world.home.store, pins=pins)
        assert world.again(lock) == lock
    with switch.lock():
        switch.amend(world.home.store, pins=[])
    assert world.again(lock, lambda wish: upgrading(wish, [], [])) == lock
    assert versions(world.lock("user", before=None)) == {"basis build": "2", "user build": "2"}


def test_the_invariant_goes_with_the_lock(world: World) -> None:
    switch = world.home.find_switch()
    with switch.lock():
        switch.amend(world.home.store, invariant='"basis" {= "1"}')
    lock = world.lock("user")
    assert (lock.invariant, versions(lock)) == ('"basis" {= "1"}', {"basis build": "1", "user build": "1"})
    with switch.lock():
        switch.amend(world.home.store, invariant="")
    assert world.again(lock, lambda wish: upgrading(wish, [], [])) == lock
    assert planned(world, lock) == ["install basis.1 build", "install user.1 build"]
    with pytest.raises(InputFileError):
        plan_locked(world.now, replace(lock, invariant='"basis" {'))
    with pytest.raises(InputFileError, match="does not fit together"):
        plan_locked(world.now, replace(lock, invariant='"basis" {= "2"}'))


def test_a_path_is_not_for_others(world: World, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "basis.opam").write_text('opam-version: "2.0" x-toolchain: "none" version: "7"\n')
    switch = world.home.find_switch()
    with switch.lock():
        switch.amend(world.home.store, pins=[Pin(name="basis", version="7", address=str(source))])
    made = make_lock(world.now, wish_for_packages(world.now, None, ["user"], [], ()))
    assert str(tmp_path) not in lock_text(made.lock)
    assert [(pin.name, pin.kind) for pin in made.lock.pins] == [("basis", "path")]
    assert any("basis is pinned to a path of this machine" in note for note in made.notes)
    lock = parse_lock(lock_text(made.lock).encode(), FILE)
    assert "install basis.7 build" in planned(world, lock)
    (source / "more").write_text("a change")
    assert [one.split(":")[0] for one in world.refusal(lock)] == ["basis 7"]
    with switch.lock():
        switch.amend(world.home.store, pins=[])
    with pytest.raises(NotFoundError, match="the switch in use has it pinned to no source"):
        plan_locked(world.now, lock)
    with pytest.raises(NotFoundError, match="the switch in use has it pinned to no source"):
        world.again(lock)


def test_a_hash_found_at_first_use_goes_with_the_lock(world: World) -> None:
    """Another machine is held to it as well, and what it found itself is not overruled."""
    url = "https://nowhere.invalid/basis.tar"
    world.recipe("basis.2", f'url {{ src: "{url}" }}')
    unknown = make_lock(world.now, wish_for_packages(world.now, None, ["basis"], [], ()))
    assert [str(source) for source in unknown.lock.packages[0].sources] == ["unhashed main"]
    assert unknown.notes == ("basis has a source without a hash: nothing can tell whether it changes",)
    found = of_bytes(b"what was found")
    FirstUse(world.home.root).record(Source(urls=(url,)), found)
    lock = world.lock("basis")
    assert [str(source) for source in lock.packages[0].sources] == [f"{found} first-use main"]
    (world.root / "first-use.json").unlink()
    assert world.again(lock) == lock
    assert planned(world, lock) == ["install basis.2 build"]
    hold_first_uses(world.now, lock)
    assert FirstUse(world.home.root).held(Source(urls=(url,))).digests == (found,)
    assert world.lock("basis") == lock


def test_a_repository_at_another_commit_with_the_same_recipes_is_fine(world: World, tmp_path: Path) -> None:
    git = ["git", "-C", str(world.repository), "-c", "user.name=x", "-c", "user.email=x@example.org"]

    def commit(message: str) -> str:
        subprocess.run([*git, "add", "-A"], check=True)
        subprocess.run([*git, "commit", "-q", "-m", message], check=True)
        return subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()

    from xpkg.ops import repositories
    from xpkg.repo.sources.progress import silent

    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    first = commit("first")
    world.settings(f'[[repository]]\nname = "small"\naddress = "git+file://{world.repository}"\n')
    repositories.update(world.home, [], silent)
    lock = world.lock("user")
    assert [(one.kind, one.address, one.revision) for one in lock.repositories] == [("git", "", f"git={first}")]
    world.recipe("extra.2", "")
    second = commit("second")
    repositories.update(world.home, [], silent)
    assert world.again(lock) == lock
    plan = plan_locked(world.now, lock)
    assert plan.notes == (
        f"small is at git={second}, the lock was made at git={first}: what is locked is the same in both",
    )
    world.recipe("basis.2", 'synopsis: "x" url { src: "https://nowhere.invalid/x" }')
    commit("other")
    repositories.update(world.home, [], silent)
    assert world.refusal(lock)[0].startswith("basis 2: its recipe changed (opam file: synopsis, url): sha256=")
    world.recipe("basis.2", "# more")
    commit("comments")
    repositories.update(world.home, [], silent)
    assert "(opam file: nothing but comments and layout)" in world.refusal(lock)[0]
    world.remove("basis.2")
    third = commit("third")
    repositories.update(world.home, [], silent)
    assert world.refusal(lock) == [
        f"basis 2: no repository has it any more; small had it at git={first}, and is at git={third} now"
    ]
    moved = world.again(lock)
    assert moved.repositories[0].revision == f"git={third}"
    world.settings("")
    told = world.refusal(lock)
    assert told[0].endswith(f"it was locked from small at git={first}, which is not configured here"), told


def test_a_repository_that_goes_first_does_not_take_a_locked_version_over(world: World, tmp_path: Path) -> None:
    lock = world.lock("user")
    above = tmp_path / "above"
    (above / "packages").mkdir(parents=True)
    subprocess.run(["cp", "-r", world.repository / "packages" / "basis", above / "packages"], check=True)
    settings = (world.root / "settings.toml").read_text()
    world.settings(f'[[repository]]\nname = "above"\naddress = "{above}"\n{settings}')
    assert plan_locked(world.now, lock).notes == ("basis 2 comes from above, not from small: it is the same",)
    with (above / "packages" / "basis" / "basis.2" / "opam").open("a") as recipe:
        recipe.write('install: ["true"]')
    (told,) = world.refusal(lock)
    assert told.startswith("basis 2: its recipe changed (opam file) and is from above, not small: sha256=")


def test_there_is_nothing_to_lock_in_an_empty_switch(world: World) -> None:
    with pytest.raises(NotFoundError, match="nothing to lock"):
        wish_of_switch(world.now)


def test_the_state_and_the_place_of_a_repository_do_not_show(world: World, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = World(tmp_path / "other")
    assert lock_text(other.lock("library", target="kfreebsd")) == lock_text(world.lock("library", target="kfreebsd"))
