"""The fixed view that every build sees, so that outputs never depend on whose machine it was.

Both prefixes have the same length: a real prefix padded with slashes takes the place of either in
a binary without moving a byte.  They are long because the real path must fit.
"""

from __future__ import annotations

from typing import Final

PREFIX_LENGTH: Final = 160
"""Length in bytes of both fixed prefixes, and so the longest real prefix."""

TOOLS: Final = "/xpkg/tools/" + "_" * 148
"""Prefix of the build machine's packages."""

TARGET: Final = "/xpkg/target/" + "_" * 147
"""Prefix of the target's packages."""

PLACEHOLDERS: Final = {"tools": TOOLS, "target": TARGET}
"""The fixed prefixes by the names that records use."""

SOURCE: Final = "/xpkg/src"
"""Where the unpacked source is; the working directory of a build."""

HOME: Final = "/xpkg/home"
"""An empty home directory."""

ETC: Final = "/xpkg/etc"
"""Where the files generated for build tools are, read-only."""

TEMPORARY: Final = "/tmp"
"""The build's own temporary directory."""

ISOLATION_LEVEL: Final = "bubblewrap-1"
"""Recorded with every build, so that a weaker isolation can never pass for this one."""

USER_ID: Final = 1000
GROUP_ID: Final = 1000

SOURCE_DATE_EPOCH: Final = 1
"""Time stamp in seconds of everything built.  Not 0, which some tools take for "no time"."""

FILE_MODE: Final = 0o444
PROGRAM_MODE: Final = 0o555
DIRECTORY_MODE: Final = 0o755
"""Files of the store are read-only.  Directories stay writable: as lower layers of a build's view
they must let the build create files beside those of its dependencies."""

assert len(TOOLS.encode()) == PREFIX_LENGTH == len(TARGET.encode())
