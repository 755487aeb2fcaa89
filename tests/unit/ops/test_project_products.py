"""Products of a project: what is replaced, and what is not."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from xpkg.core.errors import StoreError
from xpkg.core.paths import StateRoot
from xpkg.ops.project_products import Products, place_products, prepare
from xpkg.ops.project_stamps import Stamp, read_stamp
from xpkg.sandbox.layout import TOOLS
from xpkg.sandbox.manifest import scan
from xpkg.sandbox.record import OutputRecord
from xpkg.sandbox.store import Store, StoredOutput

Place = Callable[..., Products]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    return prepare(project)


@pytest.fixture
def outputs(tmp_path: Path) -> tuple[StoredOutput, StoredOutput]:
    """The project's own, with a program and a link, and one that it uses."""
    return _output(tmp_path, "hi", "bin/hi"), _output(tmp_path, "used", "lib/used/used.a")


def _output(tmp_path: Path, name: str, path: str) -> StoredOutput:
    store = Store(StateRoot(tmp_path / "root"))
    with store.lock(name), store.staging(name) as staged:
        file = staged / "files" / path
        file.parent.mkdir(parents=True)
        file.write_text(f"what {name} has")
        file.chmod(0o755)
        (file.parent / "link").symlink_to(file.name)
        manifest = scan(staged / "files", own=TOOLS, package=name)
        record = OutputRecord(
            name=name, version="1", machine="build", key=name, isolation="bubblewrap", manifest=manifest
        )
        return store.publish(staged, record)


@pytest.fixture
def build(tmp_path: Path, place: Path, outputs: tuple[StoredOutput, StoredOutput]) -> Place:
    def run(machine: str = "build") -> Products:
        return place_products(StateRoot(tmp_path / "root"), place, machine, outputs[:1], outputs[1:])

    return run


def test_what_is_as_it_was_stays(build: Place, place: Path) -> None:
    assert build().changed
    (place / "build" / "notes").write_text("mine")
    assert not build().changed
    assert (place / "build" / "notes").exists()


def _overwrite(path: Path) -> None:
    path.chmod(0o755)
    path.write_text("another")


def _exchange(path: Path) -> None:
    """Another file with the same size, mode and time."""
    shutil.copy2(path, path.with_name("other"))
    path.with_name("other").rename(path)


def _redirect(path: Path) -> None:
    link = path.parent / "link"
    link.unlink()
    link.symlink_to("/dev/null")


@pytest.mark.parametrize("change", [_overwrite, _exchange, _redirect, os.unlink, lambda path: path.chmod(0o700)])
def test_what_was_changed_is_put_back(build: Place, place: Path, change: Callable[[Path], None]) -> None:
    build()
    change(place / "build" / "bin" / "hi")
    assert build().changed
    assert (place / "build" / "bin" / "hi").read_text() == "what hi has"
    assert os.readlink(place / "build" / "bin" / "link") == "hi"
    assert not build().changed


def test_who_writes_into_a_product_does_not_write_into_the_store(
    build: Place, place: Path, outputs: tuple[StoredOutput, StoredOutput]
) -> None:
    build()
    _overwrite(place / "build" / "bin" / "hi")
    assert (outputs[0].files / "bin" / "hi").read_text() == "what hi has"
    assert (place / "build" / "lib/used/used.a").samefile(outputs[1].files / "lib/used/used.a")


def test_a_file_of_the_store_that_was_written_into_is_never_as_it_was(build: Place, place: Path) -> None:
    build()
    _overwrite(place / "build" / "lib/used/used.a")
    assert build().changed
    assert build().changed


def test_what_an_interrupted_build_left_is_replaced(build: Place, place: Path) -> None:
    build()
    stamp = read_stamp(place / ".build.json")
    assert stamp is not None
    Stamp(prefix=stamp.prefix, made_of=None, entries={**stamp.entries, "bin/former": ()}).write(place / ".build.json")
    (place / "build" / "bin" / "former").write_text("by an earlier build")
    assert build().changed
    assert not (place / "build" / "bin" / "former").exists()
    assert not build().changed


@pytest.mark.parametrize("stamped", [False, True])
def test_what_somebody_else_made_is_not_replaced(build: Place, place: Path, stamped: bool) -> None:
    if stamped:
        build()
        shutil.rmtree(place / "build")
    (place / "build").mkdir()
    (place / "build" / "thesis.tex").write_text("years of work")
    for _ in range(2):
        with pytest.raises(StoreError) as refused:
            build()
        assert refused.value.reference == "not-ours"
        assert refused.value.context == (("there is", "thesis.tex"),)
    assert (place / "build" / "thesis.tex").read_text() == "years of work"


@pytest.mark.parametrize("text", ["{}", "[]", "no JSON", '{"format": 2, "prefix": "", "keys": null, "entries": 7}'])
def test_a_stamp_that_says_nothing_makes_nothing_ours(build: Place, place: Path, text: str) -> None:
    build()
    (place / ".build.json").write_text(text)
    with pytest.raises(StoreError, match="did not make"):
        build()


def test_what_other_builds_are_staging_is_left_alone(build: Place, place: Path) -> None:
    names = [f".tmp-{'0' * 16}-my-build", f".tmp-{'0' * 15}-build", f".tmp-{'0' * 16}-build.old", ".tmp-mine-build"]
    for name in (*names, f".tmp-{'0' * 16}-build"):
        (place / name).mkdir()
    build()
    assert sorted(one.name for one in place.glob(".tmp-*")) == sorted(names)
