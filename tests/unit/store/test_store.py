from __future__ import annotations

import multiprocessing
import os
import shlex
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from xpkg.core.errors import StoreError
from xpkg.core.files import remove_tree
from xpkg.core.paths import StateRoot
from xpkg.sandbox.record import OutputRecord
from xpkg.sandbox.store import Store, StoredOutput

Make = Callable[..., StoredOutput]

FILES = {"bin/tool": b"#!/bin/sh\n", "lib/a/META": b"version", "lib/l": "a/META", "share/empty": None}


def record(key: str) -> OutputRecord:
    return OutputRecord(name="a", version="1", machine="build", key=key, isolation="none")


def test_a_published_output_is_read_only_with_one_time_stamp(store: Store, make: Make) -> None:
    output = make("k1", FILES)
    assert store.has("k1")
    assert store.keys() == ("k1",)
    assert store.output("k1").record == output.record
    assert Store(StateRoot(output.path.parents[2])).output("k1").record == output.record
    modes = {path: stat.S_IMODE((output.files / path).lstat().st_mode) for path in ("bin/tool", "lib/a/META", "lib/a")}
    assert modes == {"bin/tool": 0o555, "lib/a/META": 0o444, "lib/a": 0o755}
    for path in output.files.rglob("*"):
        assert path.lstat().st_mtime == 1
    assert store.verify("k1") == ()
    assert list((output.path.parents[1] / "staging").iterdir()) == []


def test_a_missing_output_and_a_wrong_key_are_said(store: Store) -> None:
    assert not store.has("nothing")
    with pytest.raises(StoreError, match="no output nothing") as caught:
        store.output("nothing")
    assert caught.value.reference == "output-missing"
    for key in ("", "../x", "a/b", ".hidden", "a\n", "k" * 200):
        with pytest.raises(ValueError, match="not a build key"):
            store.has(key)


def test_a_record_of_another_key_is_damaged(store: Store, make: Make) -> None:
    path = make("k1", FILES).path
    path.rename(path.with_name("k2"))
    with pytest.raises(StoreError, match="record of k1"):
        store.output("k2")


def test_what_an_output_was_made_from_is_read_from_the_disk_each_time(store: Store, make: Make) -> None:
    output = make("k1", FILES)
    assert store.origin("k1").key == "k1"
    remove_tree(output.path)
    with pytest.raises(StoreError) as caught:
        store.origin("k1")
    assert caught.value.reference == "output-missing"
    make("k3", FILES).path.rename(store.path("k1"))
    with pytest.raises(StoreError, match="record of k3"):
        store.origin("k1")


def test_an_equal_output_published_before_stays(store: Store, make: Make) -> None:
    first = make("k1", FILES)
    inode = (first.files / "bin/tool").stat().st_ino
    assert make("k1", FILES).record == first.record
    assert (first.files / "bin/tool").stat().st_ino == inode


def test_verify_names_every_difference(store: Store, make: Make) -> None:
    files = make("k1", {**FILES, "lib/b": b"1234", "lib/c": b"1", "lib/d": b"12", "lib/e": b"x"}).files
    for name in ("lib/b", "lib/d"):
        (files / name).chmod(0o644)
    (files / "lib/b").write_bytes(b"1235")
    (files / "lib/b").chmod(0o444)
    (files / "lib/c").unlink()
    (files / "lib/c").mkdir()
    (files / "lib/l").unlink()
    (files / "lib/l").symlink_to("b")
    (files / "lib/new").write_bytes(b"")
    (files / "lib/e").unlink()
    assert {(one.path, one.problem) for one in store.verify("k1")} == {
        ("lib/b", "has another content"),
        ("lib/c", "is not a file"),
        ("lib/d", "has mode 0644, not 0444"),
        ("lib/e", "is missing"),
        ("lib/l", "points elsewhere"),
        ("lib/new", "is not recorded"),
    }


_ON_A_FULL_DISK = """
import sys
from pathlib import Path
from xpkg.core.errors import StoreError
from xpkg.core.paths import StateRoot
from xpkg.sandbox.record import OutputRecord
from xpkg.sandbox.store import Store

root = StateRoot(Path(sys.argv[1]))
store = Store(root)
big = OutputRecord(name="a", version="1", machine="build", key="k", isolation="none", inputs={"x": "x" * 10**6})
try:
    with store.staging("k") as staged:
        (staged / "files" / "a").write_bytes(b"a" * 1000)
        store.publish(staged, big)
except StoreError as error:
    print(error.reference, "|", error, "|", error.hint)
print(store.has("k"), store.keys(), list((root.store / "staging").iterdir()))
"""


def test_a_full_disk_publishes_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    mount = f"mount -t tmpfs -o size=256k none {tmp_path} && exec {sys.executable} -c {shlex.quote(_ON_A_FULL_DISK)}"
    argv = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", f"{mount} {tmp_path}"]
    if subprocess.run([*argv[:4], "true"], capture_output=True).returncode != 0:
        pytest.skip("no user namespaces")
    place = str(Path(__file__).parents[3])
    done = subprocess.run(argv, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": place})
    assert done.stderr == ""
    assert done.stdout == (
        "disk-full | cannot write: no space is left on the device | "
        "free some space and run the same command again; nothing was changed\nFalse () []\n"
    )


def _interrupted(store: Store) -> None:
    with store.staging("k") as staged:
        (staged / "files" / "shut").mkdir()
        (staged / "files" / "shut" / "x").write_bytes(b"")
        (staged / "files" / "shut").chmod(0)
        raise KeyboardInterrupt


def test_staging_goes_away_whatever_is_in_it(store: Store, root: StateRoot) -> None:
    with pytest.raises(KeyboardInterrupt):
        _interrupted(store)
    assert list((root.store / "staging").iterdir()) == []


def test_a_failed_build_is_kept_and_a_newer_one_takes_its_place(store: Store, root: StateRoot) -> None:
    for text in (b"1", b"2"):
        with store.staging("k") as staged:
            (staged / "log").write_bytes(text)
            kept = store.keep_failed(staged, "lwt.5.7.0+x-kfreebsd")
    assert kept == root.store / "failed" / "lwt.5.7.0+x-kfreebsd"
    assert (kept / "log").read_bytes() == b"2"
    assert list((root.store / "staging").iterdir()) == []
    with store.staging("k") as staged, pytest.raises(ValueError, match="not a name"):
        store.keep_failed(staged, "../x")


def test_builds_of_one_label_may_fail_at_once(root: StateRoot) -> None:
    start = threading.Barrier(4)
    errors: list[BaseException] = []

    def fail(number: int) -> None:
        store = Store(root)
        start.wait()
        try:
            for turn in range(25):
                with store.staging(f"k{number}") as staged:
                    for name in ("log", "src"):
                        (staged / name).write_bytes(b"%d %d" % (number, turn))
                    store.keep_failed(staged, "lwt.5.7.0")
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=fail, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    kept = root.store / "failed" / "lwt.5.7.0"
    assert (kept / "log").read_bytes() == (kept / "src").read_bytes()
    assert [one.name for one in kept.parent.iterdir()] == ["lwt.5.7.0"]


def test_remove_makes_an_output_absent(store: Store, make: Make) -> None:
    make("k1", FILES)
    store.remove("k1")
    store.remove("k1")
    assert store.keys() == ()
    with pytest.raises(StoreError, match="no output k1"):
        store.output("k1")


def test_what_lies_at_the_name_without_a_record_gives_way(store: Store, root: StateRoot, make: Make) -> None:
    (root.store / "outputs" / "k1" / "files").mkdir(parents=True)
    assert not store.has("k1")
    make("k1", FILES)
    assert store.verify("k1") == ()


def _hold_staging(root: Path, ready: str) -> None:
    with Store(StateRoot(root)).staging("other") as staged:
        (staged / "files" / "x").write_bytes(b"x")
        Path(ready).write_text(str(staged))
        time.sleep(60)


def test_only_what_dead_processes_left_is_cleaned(store: Store, root: StateRoot, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    other = multiprocessing.get_context("spawn").Process(target=_hold_staging, args=(root.root, str(ready)))
    other.start()
    try:
        while not (ready.exists() and ready.read_text()):
            time.sleep(0.01)
        staged = Path(ready.read_text())
        assert store.clean_staging() == 0
        assert (staged / "files" / "x").exists()
        assert other.pid is not None
        os.kill(other.pid, signal.SIGKILL)
        other.join()
        assert (staged / "files" / "x").exists()
        with store.staging("k"):
            assert not staged.exists()
    finally:
        other.kill()
        other.join()
    assert list((root.store / "staging").iterdir()) == []


def _build_slowly(root: Path, diary: str) -> None:
    mine = Store(StateRoot(root))
    with mine.lock("k"):
        if mine.has("k"):
            line = "found\n"
        else:
            with mine.staging("k") as staged:
                (staged / "files" / "x").write_bytes(b"x")
                time.sleep(0.1)
                mine.publish(staged, record("k"))
            line = "built\n"
    with open(diary, "a") as stream:
        stream.write(line)


def test_of_several_processes_one_builds_and_the_others_find_it(root: StateRoot, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_build_slowly, args=(root.root, str(tmp_path / "diary"))) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted((tmp_path / "diary").read_text().split()) == ["built", "found", "found", "found"]


def test_waiting_for_another_holder_is_said(store: Store, root: StateRoot) -> None:
    said: list[str] = []
    release = threading.Event()
    held = threading.Event()

    def hold() -> None:
        with Store(root).lock("k"):
            held.set()
            release.wait(10)

    def waiting(resource: str) -> None:
        said.append(resource)
        release.set()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    with store.lock("k", waiting):
        pass
    thread.join()
    assert said == ["output-k"]
    remove_tree(root.root)
