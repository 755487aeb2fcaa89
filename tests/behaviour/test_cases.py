"""Commands and their exact output.

A case is a file of ``$ command`` lines, each followed by what it prints (standard output and error together) and
``[N]`` when its exit status is N and not 0.  ``make accept`` (XPKG_ACCEPT=1) writes the present output into the
files; the change is then reviewed like any other.  What differs from run to run is replaced: ``$CASE`` is the
case's own directory, ``KEY`` a build key or a commit, ``SHA256`` a hash found, ``N s`` a time,
``SHIPPED`` in a list of targets all that come with the program.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CASES = sorted((HERE / "cases").glob("*.case"))
SHIPPED = frozenset(path.stem for path in (HERE.parent.parent / "targets").glob("*.toml"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path, tmp_path: Path) -> None:
    text = path.read_text("utf-8")
    case = _Case(tmp_path)
    found = "".join(
        block if not block.startswith("$ ") else case.run(block.split("\n", 1)[0][2:]) for block in _blocks(text)
    )
    if os.environ.get("XPKG_ACCEPT"):
        path.write_text(found, "utf-8")
        return
    assert found == text


def _blocks(text: str) -> list[str]:
    """Comment blocks and command blocks, in order; joined they are the text again."""
    return [block for block in re.split(r"(?m)^(?=\$ |# )", text) if block]


class _Case:
    """A directory with a home, a state root and a copy of the test repository."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        programs = directory / "bin"
        programs.mkdir()
        script = programs / "xpkg"
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m xpkg "$@"\n', "utf-8")
        script.chmod(0o755)
        (directory / "home").mkdir()
        shutil.copytree(HERE / "repository", directory / "repository")
        for recipe in (directory / "repository").rglob("opam"):
            text = recipe.read_text("utf-8")
            recipe.write_text(text.replace("@CASE@", str(directory)), "utf-8")
        self.environment = {
            "PATH": f"{programs}:/usr/bin:/bin",
            "CASE": str(directory),
            "HOME": str(directory / "home"),
            "XPKG_ROOT": str(directory / "root"),
            "PYTHONPATH": str(HERE.parent.parent),
            "LC_ALL": "C.UTF-8",
            "TMPDIR": str(directory),
        }

    def run(self, command: str) -> str:
        """The block for a command: the command, what it printed, how it ended."""
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self.directory,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=120,
            check=False,
        )
        output = self._steady(done.stdout.decode())
        status = f"[{done.returncode}]\n" if done.returncode else ""
        return f"$ {command}\n{output}{status}"

    def _steady(self, output: str) -> str:
        output = output.replace(str(self.directory), "$CASE")
        output = re.sub(r"\b[0-9a-f]{40}\b", "KEY", output)
        # Hashes written out in recipes are one digit again and again; others depend on the machine's tar and gzip.
        output = re.sub(r"\b(?!(.)\1{63})[0-9a-f]{64}\b", "SHA256", output)
        output = re.sub(r"\b\d+\.\d s\b", "N s", output)
        output = re.sub(r"\bkfreebsd(?:, [\w-]+)+", _without_shipped, output)
        output = re.sub(r'("(?:fetch|build|prefix)": )\d+\.\d+', r"\1N", output)
        if output and not output.endswith("\n"):
            output += "\n"
        return output


def _without_shipped(targets: re.Match[str]) -> str:
    """A list of targets in which one word stands for the shipped ones, unless one of them is missing."""
    names = targets[0].split(", ")
    if not SHIPPED.issubset(names):
        return targets[0]
    return ", ".join(["SHIPPED", *(name for name in names if name not in SHIPPED)])
