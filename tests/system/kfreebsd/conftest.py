"""A pair of prefixes for the target kfreebsd, installed once for all tests of this directory."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.system.command_line import Xpkg

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
def kfreebsd(state_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Kfreebsd:
    """Installed in a switch of its own; skipped when a source cannot be fetched now."""
    directory = tmp_path_factory.mktemp("harness")
    xpkg = Xpkg(root=state_root, directory=directory, switch="harness", target="kfreebsd")
    xpkg.create_switch()
    xpkg.install("mirage-test", "kernel-harness")
    variables = json.loads(xpkg.ok("env", "--json", *xpkg.there))
    return Kfreebsd(
        tools=Path(variables["XPKG_TOOLS"]), module=Path(variables["XPKG_PREFIX"]) / "boot/modules/mirage.ko"
    )
