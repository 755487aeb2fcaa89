"""The file that a log tells of is looked at for its machine, whatever a stranger's build made of it."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from xpkg.core.errors import BuildError
from xpkg.repo.targets import Objects
from xpkg.sandbox.environment import Subject
from xpkg.sandbox.failed_step import Places, failed
from xpkg.sandbox.layout import TARGET
from xpkg.sandbox.steps import Step, Steps
from xpkg.sandbox.task import BuildTask

Kind = Callable[[str], str | None]
FAR = (b"\x7fELF\2\1\1" + b"\0" * 9 + struct.pack("<HH", 2, 243)).ljust(64, b"\0")


@pytest.fixture
def kind(tmp_path: Path, subject: Callable[..., Subject]) -> Kind:
    """The kind of failure when the shell takes the program of that path for a script."""
    cross = subject(cross=True)
    objects = Objects(format="elf64-little", machine="EM_RISCV")
    task = BuildTask(
        subject=replace(cross, machine=replace(cross.machine, objects=objects)),
        steps=Steps(environment=(), generated=(), commands=(), install_files=()),
        key="k",
        inputs={},
        requires=(),
        tools=(),
        target=(),
        system_tools={},
    )
    for name in ("src", "out", "target"):
        (tmp_path / name).mkdir()
    places = Places(
        source=tmp_path / "src",
        output=tmp_path / "out",
        tools=(),
        target=(tmp_path / "target",),
        files_of=lambda keys: {},
    )

    def find(path: str) -> str | None:
        log = tmp_path / "log"
        log.write_text(f"{path}: 1: ELF: not found\n")
        error = failed(task, Step(phase="build", argv=("make",)), ["make"], 2, log, places)
        assert isinstance(error, BuildError)
        return dict(error.context).get("kind")

    return find


def test_a_program_of_the_target_is_told(tmp_path: Path, kind: Kind) -> None:
    (tmp_path / "src/gen").write_bytes(FAR)
    (tmp_path / "src/tools").mkdir()
    (tmp_path / "src/tools/other").write_bytes(FAR)
    (tmp_path / "src/link").symlink_to("tools/other")
    (tmp_path / "target/prog").write_bytes(FAR)
    assert [kind(path) for path in ("./gen", "./other", "./link", f"{TARGET}/prog")] == ["target-program-run"] * 4


def test_a_pipe_holds_nobody_up(tmp_path: Path, kind: Kind) -> None:
    os.mkfifo(tmp_path / "src/gen")
    kind("./gen")


def test_what_leads_out_of_the_trees_is_not_looked_at(tmp_path: Path, kind: Kind) -> None:
    (tmp_path / "elsewhere").write_bytes(FAR)
    (tmp_path / "src/gen").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "src/up").symlink_to("..")
    found = [kind(path) for path in ("./gen", "up/elsewhere", f"{TARGET}/../elsewhere")]
    assert "target-program-run" not in found
