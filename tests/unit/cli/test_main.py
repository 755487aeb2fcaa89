"""The command line itself: what it imports, how it ends."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import xpkg

CLONE = Path(__file__).parent.parent.parent.parent
HEAVY = {"requests", "networkx", "rich", "elftools", "urllib3", "cryptography", "packaging", "filelock", "msgspec"}


def run(tmp_path: Path, *arguments: str, code: str = "") -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "XPKG_ROOT": str(tmp_path / "root"),
        "PYTHONPATH": str(CLONE),
        "PYTHONWARNINGS": "error",
    }
    start = ["-c", code] if code else ["-m", "xpkg"]
    return subprocess.run(
        [sys.executable, *start, *arguments],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def imported(tmp_path: Path, *arguments: str) -> set[str]:
    """The top-level modules that a command line imports."""
    code = (
        "import sys, json\nfrom xpkg.cli.main import run\nstatus = run(sys.argv[1:])\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})), file=sys.stderr)\nsys.exit(status)"
    )
    done = run(tmp_path, *arguments, code=code)
    assert done.returncode == 0, done.stderr
    modules: list[str] = json.loads(done.stderr.splitlines()[-1])
    return set(modules)


def test_version(tmp_path: Path) -> None:
    done = run(tmp_path, "--version")
    assert done.stdout == f"xpkg {xpkg.__version__}\n"
    assert done.stderr == ""
    assert not (tmp_path / "root").exists()


@pytest.mark.parametrize("arguments", [["--version"], ["--help"]], ids=" ".join)
def test_starting_imports_nothing_heavy(tmp_path: Path, arguments: list[str]) -> None:
    assert not imported(tmp_path, *arguments) & (HEAVY | {"clingo", "tomli", "json5"})


def test_a_dry_run_imports_little(tmp_path: Path) -> None:
    """design: "Import heavy ones only where used"; a cold dry run has 0.3 s."""
    found = imported(tmp_path, "install", "--dry-run", "dune")
    assert not found & (HEAVY - {"filelock", "msgspec"})


def test_every_command_has_help(tmp_path: Path) -> None:
    listed = run(tmp_path, "--help").stdout.partition("Commands:")[2]
    names = re.findall(r"^  ([a-z]+) ", listed, re.MULTILINE)
    assert {"install", "remove", "list", "show", "search", "update", "repo", "switch", "target"} <= set(names)
    assert {"fetch", "env", "exec", "shell", "run"} <= set(names)
    for name in names:
        done = run(tmp_path, name, "--help")
        assert done.returncode == 0, done.stderr
        assert f"Usage: xpkg {name}" in done.stdout


def test_an_internal_error_is_reported(tmp_path: Path) -> None:
    code = (
        "import xpkg.ops.home, xpkg.cli.main as m\n"
        "def wrong(self, **_): raise ZeroDivisionError('sum\\x1b[1m')\n"
        "xpkg.ops.home.Home.find_switch = wrong\nm.main(['list'])"
    )
    done = run(tmp_path, code=code)
    assert done.returncode == 99
    assert "internal error, ZeroDivisionError: sum\\x1b[1m [internal]" in done.stderr
    assert "Traceback" not in done.stderr
    report = re.search(r"report: (\S+)", done.stderr)
    assert report is not None
    assert "ZeroDivisionError" in Path(report[1]).read_text("utf-8")
    os.unlink(report[1])


def test_a_reader_that_goes_away_does_not_stop_the_work(tmp_path: Path) -> None:
    """``xpkg install ... | head -n 1`` installs."""
    code = (
        "import sys\nfrom xpkg.cli.printer import Printer\nprinter = Printer()\n"
        "for number in range(20000): printer.line(str(number))\n"
        "print('done', file=sys.stderr)"
    )
    command = '"$0" -c "$1" | head -n 1; "$0" -c "$1" | true'
    done = subprocess.run(
        ["sh", "-c", command, sys.executable, code], cwd=CLONE, capture_output=True, text=True, check=False
    )
    assert done.stdout == "0\n"
    assert done.stderr == "done\ndone\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_what_the_terminal_cannot_show_is_escaped(tmp_path: Path, encoding: str) -> None:
    environment = {"PATH": "/usr/bin:/bin", "PYTHONIOENCODING": encoding, "PYTHONPATH": str(CLONE)}
    code = "from xpkg.cli.printer import Printer\nPrinter().line('\\u6f22 \\xe9')"
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "漢 é\n".encode(encoding, "backslashreplace")
