"""A pair of prefixes for the target kfreebsd, installed once for all tests of this directory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from xpkg.core.errors import ExitCode

_SWITCH = "harness"

# As mirage-platform compiles its glue; the flags are those of targets/kfreebsd.toml.
_KERNEL = [
    *("-target", "x86_64-unknown-freebsd14", "-nostdinc", "-ffreestanding", "-mcmodel=kernel", "-mno-red-zone"),
    *("-fno-pic", "-fno-stack-protector", "-fno-asynchronous-unwind-tables", "-O1"),
    *("-D_KERNEL", "-DKLD_MODULE", "-D__FreeBSD_version=1400097"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kfreebsd:
    """``tools`` is the build machine's prefix, ``module`` the mirage.ko of mirage-test."""

    tools: Path
    module: Path

    def harness(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.tools / "bin/kernel-harness", *arguments], capture_output=True, text=True, timeout=600, check=False
        )

    def compile(self, source: Path, directory: Path, *options: str) -> Path:
        """A module of one C file, compiled with FreeBSD's kernel headers."""
        headers = self.tools / "lib/zig/lib/libc/include"
        includes = [f"-I{headers / name}" for name in ("x86_64-freebsd-none", "x86-freebsd-none", "generic-freebsd")]
        module = directory / "module.ko"
        command = [str(self.tools / "bin/zig"), "clang", "--no-default-config", *_KERNEL, *includes, *options]
        subprocess.run([*command, "-w", "-c", str(source), "-o", str(module)], check=True)
        return module


@pytest.fixture(scope="session")
def kfreebsd(state_root: Path) -> Kfreebsd:
    """Installed in a switch of its own; skipped when a source cannot be fetched now."""
    environment = {**os.environ, "XPKG_ROOT": str(state_root)}

    def xpkg(*arguments: str) -> str:
        command = [sys.executable, "-m", "xpkg", *arguments]
        done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
        if done.returncode == ExitCode.SYNC_ERROR:
            pytest.skip(f"a source cannot be fetched now: {done.stderr}")
        assert done.returncode == 0, done.stderr
        return done.stdout

    if not any(one["name"] == _SWITCH for one in json.loads(xpkg("switch", "list", "--json"))):
        xpkg("switch", "create", _SWITCH)
        xpkg("switch", "set", "default")
    there = ("--switch", _SWITCH, "--target", "kfreebsd")
    xpkg("install", "mirage-test", "kernel-harness", "--yes", *there)
    variables = json.loads(xpkg("env", "--json", *there))
    return Kfreebsd(
        tools=Path(variables["XPKG_TOOLS"]), module=Path(variables["XPKG_PREFIX"]) / "boot/modules/mirage.ko"
    )
