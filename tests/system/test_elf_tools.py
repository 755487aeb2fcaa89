"""Our strip, on files that are not as they should be: nothing is written past a buffer, nothing is lost."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from tests.system.command_line import Xpkg

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("system")]

# An ELF file of 64 bits (System V ABI, "ELF Header" and "Sections"), here and in `section`.
OFFSET_OF_SECTIONS, NUMBER_OF_SECTIONS, NAMES_OF_SECTIONS = 40, 60, 62


@pytest.fixture(scope="module")
def strip(state_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = Xpkg(root=state_root, directory=tmp_path_factory.mktemp("elf"), switch="elf-tools")
    place.create_switch()
    return place.install("elf-tools") / "bin" / "strip"


@pytest.fixture
def program(strip: Path, tmp_path: Path) -> Path:
    """A program of this machine with symbols: the command itself."""
    return Path(shutil.copy(strip, tmp_path / "program"))


def section(offset: int, size: int) -> bytes:
    return struct.pack("<IIQQQQIIQQ", 0, 1, 0, 0, offset, size, 0, 0, 1, 0)


def stripped(strip: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([strip, *map(str, arguments)], capture_output=True, text=True, check=False)


def test_a_stripped_program_is_smaller_and_runs(strip: Path, program: Path) -> None:
    before = program.stat()
    assert stripped(strip, program).returncode == 0
    assert program.stat().st_size < before.st_size
    assert program.stat().st_mode == before.st_mode
    assert "strip" in subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout


def test_sections_that_overlap_are_left_alone(strip: Path, program: Path) -> None:
    whole = bytearray(program.read_bytes())
    struct.pack_into("<Q", whole, OFFSET_OF_SECTIONS, len(whole))
    struct.pack_into("<HH", whole, NUMBER_OF_SECTIONS, 40, 0)
    program.write_bytes(whole + section(0, len(whole)) * 40)
    before = program.read_bytes()
    assert stripped(strip, program).returncode == 0
    assert program.read_bytes() == before


def test_the_table_of_sections_may_be_in_what_is_loaded(strip: Path, program: Path) -> None:
    whole = bytearray(program.read_bytes())
    (at,) = struct.unpack_from("<Q", whole, 32)
    struct.pack_into("<QQ", whole, at + 8, 0, 0)
    struct.pack_into("<Q", whole, at + 32, len(whole))  # the first segment holds the whole file
    program.write_bytes(whole)
    assert stripped(strip, program).returncode == 0
    assert program.read_bytes()[:4] == b"\x7fELF"


@pytest.mark.parametrize("option", ["--only-keep-debug", "--extract-dwo", "-F"])
def test_an_option_that_asks_for_another_result_is_refused(strip: Path, program: Path, option: str) -> None:
    before = program.read_bytes()
    done = stripped(strip, option, "-o", program.with_name("other"), program)
    assert (done.returncode, done.stderr) == (1, f"strip: {option}: not supported\n")
    assert program.read_bytes() == before
    assert not program.with_name("other").exists()


def test_what_cannot_be_written_loses_nothing(strip: Path, program: Path, tmp_path: Path) -> None:
    (tmp_path / "program.stripped").mkdir()
    before = program.read_bytes()
    assert stripped(strip, program).returncode == 1
    assert program.read_bytes() == before
