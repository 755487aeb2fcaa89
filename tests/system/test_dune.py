"""A project of dune that does what is hard when it is built for another machine, with recipes like anybody's.

``dune/toy`` has its generators run in every way dune knows; one of them is linked with a library that no target has.
XPKG_TEST_ROOT names a state directory to use again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

# The compilers may have to be built first.
pytestmark = [pytest.mark.system, pytest.mark.xdist_group("system"), pytest.mark.timeout(7200)]

CLONE = Path(__file__).parent.parent.parent
TOY = Path(__file__).parent / "dune" / "toy"
SYNC_ERROR = 40
SAYS = """\
generated: run exe bin name dep shell script
probed: {macro} 8 {architecture}
values: {architecture} {architecture} linux Unix 64 .a
rewritten: 42 42 42
stubs: 42
choice: unix
virtual: target
calc: 42
"""
TARGETS = {
    "linux-aarch64": {"macro": "__aarch64__", "architecture": "arm64"},
    "linux-x86_64-musl": {"macro": "__x86_64__", "architecture": "amd64"},
}


def xpkg(root: Path, *arguments: str) -> str:
    """One xpkg command line; skips the test when a source cannot be had now."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("XPKG_", "OCAML"))}
    environment |= {"XPKG_ROOT": str(root), "PYTHONPATH": str(CLONE)}
    command: Sequence[str] = [sys.executable, "-m", "xpkg", *arguments]
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode == SYNC_ERROR:
        pytest.skip(f"a source cannot be fetched now: {done.stderr}")
    assert done.returncode == 0, f"xpkg {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module", params=sorted(TARGETS))
def installed(request: pytest.FixtureRequest, state_root: Path) -> tuple[str, str, Path]:
    """The target, a switch of its own, and the prefix both packages of the project were installed into."""
    target: str = request.param
    switch = f"dune-test-{target}"
    if switch not in xpkg(state_root, "switch", "list", "--json"):
        xpkg(state_root, "switch", "create", switch)
    xpkg(state_root, "pin", "add", str(TOY), "--switch", switch)
    command = ("install", "toy", "toy-extra", "--target", target, "--switch", switch, "--yes", "--json")
    return target, switch, Path(json.loads(xpkg(state_root, *command))["prefix"])


def test_what_was_generated_probed_and_chosen_is_the_targets(
    installed: tuple[str, str, Path], state_root: Path
) -> None:
    target, switch, prefix = installed
    said = xpkg(state_root, "run", str(prefix / "bin/toy"), "--target", target, "--switch", switch)
    assert said == SAYS.format(**TARGETS[target])
    said = xpkg(state_root, "run", str(prefix / "bin/toy-extra"), "--target", target, "--switch", switch)
    assert said == f"vendored {TARGETS[target]['architecture']}\n"


def test_files_are_where_the_targets_are(installed: tuple[str, str, Path]) -> None:
    prefix = installed[2]
    files = {str(path.relative_to(prefix)) for path in prefix.rglob("*") if path.is_file()}
    wanted = ("bin/toy-gen", "lib/toy/META", "lib/toy/copy", "lib/toy/stubs/libthird.a", "lib/toy-extra/META")
    assert [name for name in wanted if name not in files] == []
    assert [name for name in files if "sysroot" in name or "never" in name] == []


def test_what_is_no_program_of_a_rule_stays_the_targets(installed: tuple[str, str, Path]) -> None:
    # The rule only names the program; it runs nothing.
    assert (installed[2] / "share/toy/described").read_text("utf-8") == "main.exe\n"
