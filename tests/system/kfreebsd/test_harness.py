"""The kernel harness against modules that are damaged or that misbehave, each ending in its own exit status.

Needs a tools prefix with zig and kernel-harness and a target prefix with mirage-test: fixture ``kfreebsd`` of
``conftest.py``.
"""

from __future__ import annotations

import random
import struct
import subprocess
from pathlib import Path

import pytest

from tests.system.kfreebsd.conftest import Kfreebsd

pytestmark = pytest.mark.system

HERE = Path(__file__).parent
BAD_FORMAT, UNDEFINED, RELOCATION, REFUSED, LEAK, CRASH, UNLOAD_WRONG, TIMED_OUT = 3, 4, 5, 6, 7, 8, 9, 10


def test_the_program_runs_and_leaves_nothing(kfreebsd: Kfreebsd) -> None:
    done = kfreebsd.harness("--try-unload", "--runs", "3", str(kfreebsd.module))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("goodbye") == 3
    assert "FAILED" not in done.stdout
    assert done.stderr.count("unload while running: refused, EBUSY") == 3
    for name in ("debug", "runparam", "run", "status"):
        assert f"sysctl kern.mirage.{name} = " in done.stderr
    assert "no memory and no thread left" in done.stderr


def test_interrupts_find_room_on_the_stacks_of_ocaml(kfreebsd: Kfreebsd) -> None:
    done = kfreebsd.harness("--interrupts", "8", "--runs", "5", "--debug", "0", str(kfreebsd.module))
    assert done.returncode == 0, done.stderr
    assert "FAILED" not in done.stdout
    (line,) = [line for line in done.stderr.splitlines() if line.endswith(" interrupts")]
    assert int(line.split()[1]) > 100


def test_runparam_reaches_the_runtime(kfreebsd: Kfreebsd) -> None:
    def minor_collections(option: str) -> int:
        done = kfreebsd.harness("--runparam", option, "--debug", "0", str(kfreebsd.module))
        assert done.returncode == 0
        assert "mirage: program started" not in done.stdout
        (line,) = [line for line in done.stdout.splitlines() if "minor and" in line]
        return int(line.split()[0])

    assert minor_collections("s=4k") > 3 * minor_collections("s=32k")


def test_a_module_needs_only_what_is_on_the_list(kfreebsd: Kfreebsd, tmp_path: Path) -> None:
    listed = (kfreebsd.tools / "share/kernel-harness/kernel.allow").read_text("utf-8")
    shorter = tmp_path / "list"
    shorter.write_text("".join(line for line in listed.splitlines(True) if not line.startswith("fpu_kern_thread")))
    done = kfreebsd.harness("--allow", str(shorter), str(kfreebsd.module))
    assert done.returncode == UNDEFINED
    assert "undefined symbol: fpu_kern_thread" in done.stderr


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        ("LOAD", REFUSED, "load: EINVAL"),
        ("LEAK", LEAK, "1234 bytes of type bad"),
        ("CRASH", CRASH, "SIGSEGV at address (nil) in dereference_nothing"),
        ("UNDEFINED", UNDEFINED, "undefined symbol: no_such_function"),
        ("UNLISTED", UNDEFINED, "undefined symbol: uprintf"),
        ("PANIC", CRASH, "called panic"),
        ("TWICE", CRASH, "which is not allocated"),
        ("BEHIND", CRASH, "written behind the 16 bytes"),
        ("FLAGS", CRASH, "called panic"),
        ("UNLOCK", CRASH, "called panic"),
        ("RECURSE", CRASH, "called panic"),
        ("HELD", CRASH, "called panic"),
        ("THREAD", LEAK, "1 kernel thread"),
        ("STAYS", UNLOAD_WRONG, "unload refused: EBUSY"),
        ("NONE", 0, "no memory and no thread left"),
    ],
)
def test_faults_end_with_a_name_and_a_status(
    kfreebsd: Kfreebsd, tmp_path: Path, fault: str, status: int, words: str
) -> None:
    module = kfreebsd.compile(HERE / "bad_modules.c", tmp_path, f"-DFAULT_{fault}")
    done = kfreebsd.harness("--runs", "0", str(module))
    assert done.returncode == status, done.stderr
    assert words in done.stderr


def test_a_module_that_may_be_unloaded_while_running_is_found_out(kfreebsd: Kfreebsd, tmp_path: Path) -> None:
    module = kfreebsd.compile(HERE / "bad_modules.c", tmp_path)
    done = kfreebsd.harness("--try-unload", str(module))
    assert done.returncode == UNLOAD_WRONG
    assert "let itself be unloaded while its program ran" in done.stderr


def test_a_program_that_never_ends_is_given_up(kfreebsd: Kfreebsd, tmp_path: Path) -> None:
    module = kfreebsd.compile(HERE / "bad_modules.c", tmp_path)
    done = kfreebsd.harness("--timeout", "1", str(module))
    assert done.returncode == TIMED_OUT


def test_position_independent_code_is_refused(kfreebsd: Kfreebsd, tmp_path: Path) -> None:
    module = kfreebsd.compile(HERE / "bad_modules.c", tmp_path, "-mcmodel=small", "-fpic", "-DFAULT_UNLISTED")
    done = kfreebsd.harness("--check", str(module))
    assert done.returncode == RELOCATION
    assert "GOTPCREL" in done.stderr


@pytest.mark.parametrize("size", [0, 3, 16, 63, 64, 65, 4096])
def test_truncated_files_are_refused(kfreebsd: Kfreebsd, tmp_path: Path, size: int) -> None:
    module = tmp_path / "short.ko"
    module.write_bytes(kfreebsd.module.read_bytes()[:size])
    assert kfreebsd.harness(str(module)).returncode == BAD_FORMAT


@pytest.mark.parametrize(
    ("offset", "data", "words"),
    [
        (4, b"\x01", "not 64-bit"),
        (5, b"\x02", "little-endian"),
        (16, b"\x03\x00", "not a relocatable object"),
        (18, b"\xb7\x00", "another machine"),
        (60, b"\xff\xff", "section table"),
        (62, b"\xff\x7f", "string table"),
        (40, b"\xff" * 8, "section table"),
    ],
)
def test_wrong_headers_are_refused(kfreebsd: Kfreebsd, tmp_path: Path, offset: int, data: bytes, words: str) -> None:
    whole = bytearray(kfreebsd.module.read_bytes())
    whole[offset : offset + len(data)] = data
    module = tmp_path / "wrong.ko"
    module.write_bytes(whole)
    done = kfreebsd.harness(str(module))
    assert done.returncode == BAD_FORMAT
    assert words in done.stderr


def test_damaged_tables_never_crash_the_harness_or_the_localizer(kfreebsd: Kfreebsd, tmp_path: Path) -> None:
    chance = random.Random(20240229)
    whole = kfreebsd.module.read_bytes()
    (table,) = struct.unpack_from("<Q", whole, 40)
    (count,) = struct.unpack_from("<H", whole, 60)
    sections = [struct.unpack_from("<IIQQQQIIQQ", whole, table + 64 * i) for i in range(count)]
    areas = [(0, 62), (table, 64 * count), *((s[4], s[5]) for s in sections if s[1] in (2, 4))]
    odd = (0, 1, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 2**32, 2**63, 2**64 - 1, len(whole))
    module = tmp_path / "odd.ko"
    for _ in range(150):
        data = bytearray(whole)
        start, size = chance.choice(areas)
        width = chance.choice((1, 2, 4, 8))
        at = start + chance.randrange(size - width)
        data[at : at + width] = (chance.choice(odd) & (2 ** (8 * width) - 1)).to_bytes(width, "little")
        module.write_bytes(data)
        done = kfreebsd.harness("--check", str(module))
        assert done.returncode in (0, BAD_FORMAT, UNDEFINED, RELOCATION), (at, width, done.stderr)
        localized = subprocess.run(
            [kfreebsd.tools / "bin/elf-localize", module, tmp_path / "out.o"], capture_output=True, check=False
        )
        assert localized.returncode in (0, 1), (at, width, localized.stderr)


@pytest.mark.parametrize(
    "arguments", [(), ("--debug", "4"), ("--runs",), ("--no-such",), ("a.ko", "b.ko"), ("/nonexistent.ko",)]
)
def test_wrong_command_lines(kfreebsd: Kfreebsd, arguments: tuple[str, ...]) -> None:
    assert kfreebsd.harness(*arguments).returncode == 2
