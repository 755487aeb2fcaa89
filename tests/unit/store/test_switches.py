from __future__ import annotations

import multiprocessing
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from xpkg.core.errors import ConfigurationError, NotFoundError, StoreError, UsageError, XpkgError
from xpkg.core.paths import StateRoot
from xpkg.sandbox import switches
from xpkg.sandbox.generations import Installed, Pin, Root, Tree
from xpkg.sandbox.layout import TARGET, TOOLS
from xpkg.sandbox.store import Store, StoredOutput
from xpkg.sandbox.switches import Switch

Make = Callable[..., StoredOutput]
T, U = TOOLS.encode(), TARGET.encode()


@pytest.fixture
def packages(make: Make) -> tuple[Installed, ...]:
    """A tool, and a library that knows both prefixes."""
    make("t1", {"bin/tool": b"#!" + T + b"/bin/sh\n"}, name="tool", own=TOOLS)
    make("l1", {"lib/META": T + b" " + U, "lib/a.o": b"\0" + U, "lib/x.h": b""}, name="library")
    return (
        Installed(name="library", version="1.0", machine="kfreebsd", key="l1", tree="kfreebsd"),
        Installed(name="tool", version="1.0", machine="build", key="t1", tree="build"),
    )


ROOTS = (Root(name="library", machine="kfreebsd", versions="= 1.0"),)


def commit(switch: Switch, store: Store, installed: tuple[Installed, ...], prefix: Path | None = None) -> int:
    with switch.lock():
        generation = switch.commit(
            store,
            targets=("kfreebsd",),
            roots=ROOTS if installed else (),
            installed=installed,
            prefixes={} if prefix is None else {"kfreebsd": prefix},
        )
    return generation.number


def test_a_new_switch_is_empty(root: StateRoot) -> None:
    switch = switches.create(root, "default", ["kfreebsd"])
    generation = switch.current()
    assert (generation.number, generation.targets, generation.installed) == (0, ("kfreebsd",), ())
    assert switch.targets == ("kfreebsd",)
    assert os.listdir(switch.prefix("kfreebsd")) == os.listdir(switch.prefix("build")) == []
    assert switch.prefix("kfreebsd") == root.switches / "default" / "current" / "kfreebsd"
    assert switches.names(root) == ("default",)
    assert switches.keys_in_use(root) == frozenset()


def test_an_unmade_switch_can_be_planned_with_and_is_not_made(root: StateRoot) -> None:
    switch = switches.unmade(root, "default")
    assert (switch.current().number, switch.targets, switch.current().installed) == (0, (), ())
    assert not root.root.exists()
    with pytest.raises(UsageError):
        switches.unmade(root, "../x")


def test_installing_composes_both_prefixes(root: StateRoot, store: Store, packages: tuple[Installed, ...]) -> None:
    switch = switches.create(root, "default", ["kfreebsd"])
    assert commit(switch, store, packages) == 1
    tools, target = str(switch.prefix("build")), str(switch.prefix("kfreebsd"))
    assert Path(target, "lib/META").read_text() == f"{tools} {target}"
    assert Path(target, "lib/a.o").read_bytes() == b"\0" + target.encode().ljust(160, b"/")
    assert Path(tools, "bin/tool").read_text() == f"#!{tools}/bin/sh\n"
    generation = switches.find(root, "default").current()
    assert generation.roots == ROOTS
    assert generation.installed == packages
    assert generation.trees == (Tree(name="build", prefix=tools), Tree(name="kfreebsd", prefix=target))
    assert switch.verify(store, generation) == {"build": (), "kfreebsd": ()}
    assert switches.keys_in_use(root) == {"t1", "l1"}


def test_removing_the_last_package_leaves_an_empty_prefix(
    root: StateRoot, store: Store, packages: tuple[Installed, ...]
) -> None:
    switch = switches.create(root, "default")
    commit(switch, store, packages)
    commit(switch, store, ())
    assert switch.prefix("kfreebsd").is_dir()
    assert os.listdir(switch.prefix("kfreebsd")) == []
    assert [generation.number for generation in switch.history()] == [0, 1, 2]


def test_the_next_generation_takes_rewritten_files_from_the_last(
    root: StateRoot, store: Store, packages: tuple[Installed, ...], tmp_path: Path
) -> None:
    switch = switches.create(root, "default")
    place = [root.switches / "default/generations" / str(number) / "kfreebsd/lib/a.o" for number in range(4)]
    commit(switch, store, packages)
    commit(switch, store, packages)
    assert place[2].samefile(place[1])
    # With another prefix the files are others.
    commit(switch, store, packages, tmp_path / "own")
    assert place[3].read_bytes() == b"\0" + str(tmp_path / "own").encode().ljust(160, b"/")
    assert place[2].read_bytes() != place[3].read_bytes()


@pytest.fixture
def three(packages: tuple[Installed, ...], make: Make) -> tuple[Installed, ...]:
    """Another library for the same target with them."""
    make("m1", {"lib/more/x": b"x"}, name="more")
    return (*packages, Installed(name="more", version="1.0", machine="kfreebsd", key="m1", tree="kfreebsd"))


def test_tools_that_stay_the_same_are_there_once(
    root: StateRoot, store: Store, packages: tuple[Installed, ...], three: tuple[Installed, ...]
) -> None:
    switch = switches.create(root, "default")
    place = [root.switches / "default/generations" / str(number) for number in range(4)]
    commit(switch, store, packages)
    commit(switch, store, three)
    commit(switch, store, packages)
    assert [os.readlink(place[number] / "build") for number in (2, 3)] == ["../1/build"] * 2
    assert not (place[2] / "kfreebsd").is_symlink()
    assert not (place[3] / "kfreebsd").is_symlink()
    assert Path(switch.prefix("build"), "bin/tool").samefile(place[1] / "build/bin/tool")
    assert switch.verify(store, switch.current()) == {"build": (), "kfreebsd": ()}
    with switch.lock():
        switch.rollback(2)
    assert switch.verify(store, switch.current()) == {"build": (), "kfreebsd": ()}


@pytest.mark.parametrize("change", ["add", "delete", "replace", "deep"])
def test_tools_that_somebody_changed_are_made_anew(
    root: StateRoot, store: Store, packages: tuple[Installed, ...], three: tuple[Installed, ...], change: str
) -> None:
    switch = switches.create(root, "default")
    commit(switch, store, packages)
    commit(switch, store, three)
    time.sleep(0.02)  # time stamps of files go by the kernel's ticks
    tool = switch.prefix("build") / "bin" / "tool"
    if change in ("delete", "replace"):
        tool.unlink()
    if change == "replace":
        tool.write_text("mine", "utf-8")
    if change == "add":
        (switch.prefix("build") / "mine").touch()
    if change == "deep":
        (tool.parent / "mine").touch()
    commit(switch, store, packages)
    assert switch.verify(store, switch.current()) == {"build": (), "kfreebsd": ()}
    assert not (root.switches / "default/generations/3/build").is_symlink()


def test_tools_that_were_built_again_are_made_anew_and_the_product_always(
    root: StateRoot, store: Store, packages: tuple[Installed, ...]
) -> None:
    switch = switches.create(root, "default")
    commit(switch, store, packages)
    for renewed, same in ((frozenset({"t1"}), False), (frozenset({"l1"}), True)):
        with switch.lock():
            number = switch.commit(
                store, targets=("kfreebsd",), roots=ROOTS, installed=packages, renewed=renewed
            ).number
        generation = root.switches / "default/generations" / str(number)
        assert (generation / "build").is_symlink() is same
        assert not (generation / "kfreebsd").is_symlink()


def test_amending_keeps_the_packages_and_their_files(
    root: StateRoot, store: Store, packages: tuple[Installed, ...], tmp_path: Path
) -> None:
    switch = switches.create(root, "default", ["kfreebsd"])
    commit(switch, store, packages, tmp_path / "own")
    before = switch.current()
    pins, held = (Pin(name="library", version="1.0"),), (("tool", "build"), ("library", "kfreebsd"))
    with switch.lock():
        after = switch.amend(store, pins=pins, held=held, invariant='"tool"')
    assert (after.pins, after.held, after.invariant) == (pins, tuple(sorted(held)), '"tool"')
    assert (after.number, after.installed, after.roots, after.trees) == (2, packages, ROOTS, before.trees)
    place = [root.switches / "default/generations" / str(number) / "kfreebsd/lib/a.o" for number in (1, 2)]
    assert place[0].samefile(place[1])
    assert (tmp_path / "own" / "lib" / "a.o").samefile(place[1])
    assert switch.verify(store, after) == {"build": (), "kfreebsd": ()}
    # What is not mentioned stays, also when packages change; a hold goes with its package.
    with switch.lock():
        switch.amend(store, invariant="")
    commit(switch, store, packages[:1])
    now = switch.current()
    assert (now.pins, now.held, now.invariant) == (pins, (("library", "kfreebsd"),), "")
    with switch.lock():
        assert switch.rollback(1).pins == ()
        assert switch.rollback(2).held == tuple(sorted(held))


def test_rollback_and_after_it(root: StateRoot, store: Store, packages: tuple[Installed, ...]) -> None:
    switch = switches.create(root, "default")
    commit(switch, store, packages)
    commit(switch, store, ())
    with switch.lock():
        assert switch.rollback(1).installed == packages
    assert switch.current().number == 1
    assert (switch.prefix("kfreebsd") / "lib/x.h").exists()
    assert commit(switch, store, ()) == 3
    with switch.lock(), pytest.raises(NotFoundError) as caught:
        switch.rollback(7)
    assert caught.value.context == (("generations", "0, 1, 2, 3"),)


@pytest.mark.parametrize("before", ["absent", "empty"])
def test_the_users_own_prefix(
    root: StateRoot, store: Store, packages: tuple[Installed, ...], tmp_path: Path, before: str
) -> None:
    place = tmp_path / "usr/local/okaml"
    if before == "empty":
        place.mkdir(parents=True)
    switch = switches.create(root, "default")
    commit(switch, store, packages, place)
    assert switch.prefix("kfreebsd") == place
    assert (place / "lib/META").read_text() == f"{switch.prefix('build')} {place}"
    first = (place / "lib/x.h").resolve()
    # It stays chosen, follows the generations, and going back needs no new composing.
    commit(switch, store, ())
    assert os.listdir(place) == []
    with switch.lock():
        switch.rollback(1)
    assert (place / "lib/x.h").resolve() == first
    with switch.lock():
        switch.rollback(0)
    assert not place.is_symlink()
    with switch.lock():
        switch.rollback(1)
    assert (place / "lib/x.h").resolve() == first
    switches.remove(root, "default")
    assert not os.path.lexists(place)


@pytest.mark.parametrize("kind", ["file", "full directory", "foreign link", "other switch", "inside"])
def test_a_prefix_that_belongs_to_another(
    root: StateRoot, store: Store, packages: tuple[Installed, ...], tmp_path: Path, kind: str
) -> None:
    place = tmp_path / "p"
    switch = switches.create(root, "default")
    if kind == "file":
        place.write_bytes(b"")
    elif kind == "full directory":
        (place / "x").mkdir(parents=True)
    elif kind == "foreign link":
        place.symlink_to(tmp_path)
    elif kind == "other switch":
        commit(switches.create(root, "other"), store, packages, place)
    else:
        place = root.root / "p"
    before = os.lstat(place) if os.path.lexists(place) else None
    with pytest.raises(StoreError, match="cannot become a prefix") as caught:
        switch.trees(["kfreebsd"], {"kfreebsd": place})
    assert caught.value.reference == "prefix-taken"
    with pytest.raises(StoreError, match="cannot become a prefix"):
        commit(switch, store, packages, place)
    assert (os.lstat(place) if os.path.lexists(place) else None) == before
    assert switch.current().number == 0
    assert os.listdir(root.switches / "default" / "generations") == ["0"]


def test_a_prefix_that_cannot_be_written_is_said_before_anything_is_built(root: StateRoot, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    (tmp_path / "theirs").mkdir(mode=0o555)
    with pytest.raises(StoreError) as caught:
        switches.create(root, "default").trees(["kfreebsd"], {"kfreebsd": tmp_path / "theirs" / "new" / "p"})
    assert caught.value.reference == "prefix-not-writable"


def test_a_conflict_leaves_the_switch_as_it_was(
    root: StateRoot, store: Store, make: Make, packages: tuple[Installed, ...]
) -> None:
    make("l2", {"lib/META": b"other"}, name="rival")
    switch = switches.create(root, "default")
    commit(switch, store, packages)
    rival = Installed(name="rival", version="1.0", machine="kfreebsd", key="l2", tree="kfreebsd")
    with pytest.raises(StoreError, match="two packages own lib/META"):
        commit(switch, store, (*packages, rival))
    assert switch.current().number == 1
    assert sorted(os.listdir(root.switches / "default" / "generations")) == ["0", "1"]


def test_a_prefix_too_long_is_said_before_anything_is_built(tmp_path: Path) -> None:
    deep = StateRoot(tmp_path / ("d" * 150))
    switch = switches.create(deep, "default", ["kfreebsd"])
    with pytest.raises(ConfigurationError, match="the limit is 160"):
        switch.trees(["kfreebsd"])


def test_one_directory_for_two_trees(root: StateRoot, tmp_path: Path) -> None:
    switch = switches.create(root, "default")
    with pytest.raises(UsageError, match="same directory"):
        switch.trees(["a", "b"], {"a": tmp_path / "p", "b": tmp_path / "p"})


def test_another_tools_tree(root: StateRoot, store: Store, packages: tuple[Installed, ...]) -> None:
    """Two targets with different compilers have a tree of tools each."""
    switch = switches.create(root, "default")
    library, tool = packages
    moved = Installed(name="tool", version="1.0", machine="build", key=tool.key, tree="kfreebsd-tools")
    tools = {"kfreebsd": "kfreebsd-tools", "kfreebsd-tools": "kfreebsd-tools"}
    with switch.lock():
        switch.commit(store, targets=["kfreebsd"], roots=ROOTS, installed=(library, moved), tools=tools)
    place = switch.prefix("kfreebsd-tools")
    assert (place / "bin/tool").read_text() == f"#!{place}/bin/sh\n"
    assert (switch.prefix("kfreebsd") / "lib/META").read_text().startswith(f"{place} ")


def test_a_moved_state_directory_is_noticed_and_mended(
    root: StateRoot, store: Store, packages: tuple[Installed, ...], tmp_path: Path
) -> None:
    commit(switches.create(root, "default"), store, packages)
    root.root.rename(tmp_path / "elsewhere")
    moved = StateRoot(tmp_path / "elsewhere")
    switch = switches.find(moved, "default")
    assert switch.moved(switch.current())
    with switch.lock(), pytest.raises(StoreError, match="another directory"):
        switch.rollback(1)
    commit(switch, Store(moved), packages)
    assert not switch.moved(switch.current())
    prefix = tmp_path / "elsewhere/switches/default/current/kfreebsd"
    assert (prefix / "lib/META").read_text().endswith(f" {prefix}")


def test_a_prefix_of_the_users_follows_a_moved_state_directory(
    root: StateRoot, store: Store, packages: tuple[Installed, ...], tmp_path: Path
) -> None:
    chosen = tmp_path / "okaml"
    commit(switches.create(root, "default"), store, packages, prefix=chosen)
    # A copy must not take the link away from where it was copied from.
    shutil.copytree(root.root, tmp_path / "copy", symlinks=True)
    copied = switches.find(StateRoot(tmp_path / "copy"), "default")
    assert copied.moved(copied.current())
    with pytest.raises(StoreError, match="it is a link to"):
        commit(copied, Store(StateRoot(tmp_path / "copy")), packages)
    root.root.rename(tmp_path / "elsewhere")
    moved = StateRoot(tmp_path / "elsewhere")
    commit(switches.find(moved, "default"), Store(moved), packages)
    assert os.readlink(chosen) == str(tmp_path / "elsewhere/switches/default/current/kfreebsd")
    assert (chosen / "lib/META").read_text().endswith(f" {chosen}")


def test_names(root: StateRoot) -> None:
    for name in ("", ".", "..", "a/b", "-x", ".tmp-x", "a b", "a\n", "x" * 65, "\x1b[1m"):
        with pytest.raises(UsageError) as caught:
            switches.create(root, name)
        assert caught.value.reference == "bad-name"
        assert "\x1b" not in str(caught.value)
    switches.create(root, "esp32-dev")
    with pytest.raises(StoreError, match="a switch esp32-dev already") as exists:
        switches.create(root, "esp32-dev")
    assert exists.value.reference == "switch-exists"
    assert switches.create(root, "esp32-dev", exist_ok=True).current().number == 0
    with pytest.raises(NotFoundError) as unknown:
        switches.find(root, "esp32dev")
    assert unknown.value.hint == "did you mean esp32-dev?"
    assert switches.names(root) == ("esp32-dev",)


def test_remove(root: StateRoot, store: Store, packages: tuple[Installed, ...]) -> None:
    commit(switches.create(root, "default"), store, packages)
    switches.remove(root, "default")
    assert switches.names(root) == ()
    assert os.listdir(root.switches) == [".staging"]
    assert os.listdir(root.switches / ".staging") == []
    assert store.verify("l1") == ()
    switches.create(root, "default")


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b'{"format": 9}', None])
def test_a_damaged_generation_is_said_and_an_earlier_one_helps(
    root: StateRoot, store: Store, packages: tuple[Installed, ...], data: bytes | None
) -> None:
    switch = switches.create(root, "default")
    commit(switch, store, packages)
    record = root.switches / "default/generations/1/generation.json"
    record.unlink()
    if data is not None:
        record.write_bytes(data)
    with pytest.raises(StoreError) as caught:
        switch.current()
    assert caught.value.reference == "switch-damaged"
    with switch.lock():
        switch.rollback(0)
    assert switch.current().number == 0


def test_what_a_dead_process_left_is_cleaned(root: StateRoot, store: Store, packages: tuple[Installed, ...]) -> None:
    switch = switches.create(root, "default")
    (root.switches / "default/generations/.tmp-dead-1/build").mkdir(parents=True)
    (root.switches / ".staging/.tmp-dead-other").mkdir()
    commit(switch, store, packages)
    switches.create(root, "other")
    assert sorted(os.listdir(root.switches / "default/generations")) == ["0", "1"]
    assert os.listdir(root.switches / ".staging") == []


def _commit_many(place: Path, count: int) -> None:
    root = StateRoot(place)
    switch = switches.find(root, "default")
    library = Installed(name="library", version="1.0", machine="kfreebsd", key="l1", tree="kfreebsd")
    for _ in range(count):
        commit(switch, Store(root), (library,))


def test_two_processes_change_one_switch_in_turn(root: StateRoot, packages: tuple[Installed, ...]) -> None:
    assert packages
    switch = switches.create(root, "default")
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_commit_many, args=(root.root, 5)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert switch.current().number == 15
    assert len(switch.history()) == 16


class Stopped(BaseException):
    """Ctrl-C or any other end by exception, at the worst place."""


def _fail_at(number: int, fail: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the ``number``-th change of the file system from now on fail instead."""
    count = 0

    def counted(original: Callable[..., object]) -> Callable[..., object]:
        def step(*args: object, **kwargs: object) -> object:
            nonlocal count
            count += 1
            if count == number:
                fail()
            return original(*args, **kwargs)

        return step

    for name in ("rename", "link", "symlink", "mkdir", "rmdir", "unlink", "open"):
        monkeypatch.setattr(os, name, counted(getattr(os, name)))


def _stop() -> None:
    raise Stopped


def _attempt(
    switch: Switch, store: Store, installed: tuple[Installed, ...], place: Path | None, number: int, kind: str
) -> bool:
    """Commit with a failure at the ``number``-th step; whether all steps were done before it came to that."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        if kind == "stopped":
            _fail_at(number, _stop, monkeypatch)
            try:
                commit(switch, store, installed, place)
            except Stopped:
                return False
            return True
        child = os.fork()
        if child == 0:
            try:
                _fail_at(number, lambda: os._exit(9), monkeypatch)
                commit(switch, store, installed, place)
                os._exit(0)
            finally:
                os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 9)
    return status == 0


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("kind", ["stopped", "killed"])
def test_at_whatever_step_it_ends_the_switch_is_the_old_or_the_new_one(
    root: StateRoot, store: Store, packages: tuple[Installed, ...], tmp_path: Path, own: bool, kind: str
) -> None:
    place = tmp_path / "own"
    place.mkdir()
    switch = switches.create(root, "default", ["kfreebsd"])
    done = False
    number = 0
    while not done:
        number += 1
        new = switch.history()[-1].number + 1
        done = _attempt(switch, store, packages, place if own else None, number, kind)
        now = switch.current()
        assert now.number in ((new,) if done else (0, new))
        if now.number == new:
            assert all(found == () for found in switch.verify(store, now).values())
            assert (switch.prefix("kfreebsd") / "lib/x.h").exists()
        elif kind == "stopped":
            assert switch.history()[-1].number == new - 1
            assert not own or (place.is_dir() and not place.is_symlink())
        assert not own or not place.exists() or now.number == new or os.listdir(place) == []
        with switch.lock():
            switch.rollback(0)
    assert number > 20
    assert not any(name.startswith(".tmp") for name in os.listdir(root.switches / "default/generations"))


def test_errors_name_their_reference(root: StateRoot) -> None:
    with pytest.raises(XpkgError, match="cannot be the name of a prefix"):
        switches.create(root, "default").trees(["generation.json"])


def test_tools_run_from_the_prefix(root: StateRoot, store: Store, make: Make) -> None:
    make("s", {"bin/hello": b"#!/bin/sh\nexec cat " + T + b"/share/text\n", "share/text": b"hello\n"}, own=TOOLS)
    switch = switches.create(root, "default")
    with switch.lock():
        installed = Installed(name="s", version="1.0", machine="build", key="s", tree="build")
        switch.commit(store, targets=(), roots=(), installed=(installed,))
    done = subprocess.run([switch.prefix("build") / "bin/hello"], capture_output=True, text=True)
    assert done.stdout == "hello\n"
