"""Running one build step where it sees its declared inputs and nothing else.

Two layers: an overlay file system in a user namespace gives the merged view of the dependencies
(their store outputs are read-only lower layers; what the step writes lands in the upper layer,
which thereby is the package's output), and bubblewrap gives the rest: no network, own process
tree, own /tmp, the system's programs only as far as they are declared.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from xpkg.core.errors import ConfigurationError
from xpkg.core.processes import Finished, run_logged
from xpkg.core.programs import find_program
from xpkg.core.values import value
from xpkg.sandbox.layout import ETC, GROUP_ID, HOME, ISOLATION_LEVEL, SOURCE, TARGET, TEMPORARY, TOOLS, USER_ID

_PROGRAMS = "/usr/bin"
# More programs and headers of the host that a build must not come upon.
_HIDDEN = (
    "/usr/sbin",
    "/usr/games",
    "/usr/include",
    "/usr/libexec",
    "/usr/local",
    "/usr/src",
    "/usr/lib/gcc",
    "/usr/lib/gcc-cross",
    "/usr/lib/llvm-14",
    "/usr/lib/ocaml",
    "/usr/lib/pkgconfig",
    "/usr/share/pkgconfig",
)
_LIBRARY_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")

# $1 scratch directory, $2 its overlays (name:options ...), rest: the program.  Relative names keep
# the option string short (mount(2) allows one page) and free of a path's commas and colons.  The
# newer fsconfig(2) takes 255 bytes only, so util-linux is told to use mount(2).
_MOUNT = """
cd "$1" || exit 125
overlays=$2
shift 2
for overlay in $overlays; do
    LIBMOUNT_FORCE_MOUNT2=always mount -t overlay overlay -o "${overlay#*@},userxattr" "${overlay%%@*}" || exit 125
done
exec "$@"
"""
MOUNT_FAILED = 125

MAX_LAYERS = 498
"""Outputs that one prefix can be merged of: Linux takes 500 layers (``OVL_MAX_STACK``), two of which are empty.

Their names have at most five bytes with the separator, so that all fit into the page (4095 bytes) that mount(2) takes.
"""


@value(kw_only=True)
class View:
    """What one build sees.  Layers are ``files`` trees of store outputs; all paths are on the host."""

    scratch: Path  # private directory for mount points; on the file system of the store
    source: Path  # read-write at SOURCE
    generated: Path  # read-only at ETC
    output: Path  # where new files of the own prefix land
    tools: tuple[Path, ...]  # merged at TOOLS
    target: tuple[Path, ...] | None  # merged at TARGET; None for a build-machine instance
    programs: Path  # a directory of the system's programs that are declared, read-only at /usr/bin


class Isolation(Protocol):
    """A way to run build steps.  Callers may not assume anything about the host beyond ``View``."""

    level: str

    def check(self) -> None:
        """Raise ConfigurationError when this machine cannot isolate."""

    def run(
        self,
        view: View,
        argv: Sequence[str],
        environment: Mapping[str, str],
        *,
        log: Path,
        cancelled: threading.Event | None = None,
        output: Callable[[bytes], None] | None = None,
    ) -> Finished:
        """Run one program at SOURCE in ``view``."""


class Bubblewrap:
    """The default isolation: util-linux ``unshare`` and ``mount``, then bubblewrap."""

    level = ISOLATION_LEVEL

    def __init__(self) -> None:
        self._checked = False

    def check(self) -> None:
        """Raise ConfigurationError when a program or the kernel's user namespaces are missing."""
        if self._checked:
            return
        for program, package in (("bwrap", "bubblewrap"), ("unshare", "util-linux"), ("mount", "mount")):
            find_program(program, package)
        # What every build mounts; a container may allow namespaces and still refuse a new /proc.
        probe = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true"]
        command = ["unshare", "--user", "--map-root-user", "--mount", "--", *probe]
        result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        if result.returncode != 0:
            raise ConfigurationError(
                "this machine does not let xpkg isolate builds: no user namespace with its own mounts can be made",
                reference="no-user-namespaces",
                context=(("tried", " ".join(command)), ("answer", result.stderr.strip())),
                hint="allow unprivileged user namespaces (sysctl user.max_user_namespaces, "
                "kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0); "
                "a container must be allowed unshare and mount by its seccomp profile, and must not mask parts of "
                "/proc (docker run --security-opt seccomp=unconfined --security-opt systempaths=unconfined)",
            )
        self._checked = True

    def run(
        self,
        view: View,
        argv: Sequence[str],
        environment: Mapping[str, str],
        *,
        log: Path,
        cancelled: threading.Event | None = None,
        output: Callable[[bytes], None] | None = None,
    ) -> Finished:
        """Run one program; raises ConfigurationError when the merged view cannot be mounted."""
        command = _command(view, argv, environment)
        finished = run_logged(command, log=log, cancelled=cancelled, output=output)
        if finished.status == MOUNT_FAILED and _mount_refused(log):
            raise ConfigurationError(
                "the kernel refused to mount an overlay of the dependencies",
                reference="no-overlay",
                context=(("state directory", str(view.scratch)), ("log", str(log))),
                hint="Linux 5.11 or later is needed, and a state directory (XPKG_ROOT) on a file system that can "
                "hold an upper layer: ext4, xfs, btrfs or tmpfs, not an overlay itself",
            )
        return finished

    def enter(self, view: View, argv: Sequence[str], environment: Mapping[str, str]) -> int:
        """Run one program on the caller's own terminal, to look around; its exit status."""
        return subprocess.run(_command(view, argv, environment, terminal=True), check=False).returncode


def _command(view: View, argv: Sequence[str], environment: Mapping[str, str], *, terminal: bool = False) -> list[str]:
    overlays = _prepare_overlays(view)
    return [
        *("unshare", "--user", "--map-root-user", "--mount", "--", "sh", "-c", _MOUNT, "xpkg"),
        *(str(view.scratch), " ".join(overlays)),
        *_bubblewrap(view, environment, terminal=terminal),
        *("--", *argv),
    ]


def _mount_refused(log: Path) -> bool:
    with log.open("rb") as stream:
        stream.seek(0, 2)
        stream.seek(max(0, stream.tell() - 4096))
        return b"mount:" in stream.read()


def _prepare_overlays(view: View) -> list[str]:
    """Lay out mount points and layer links below scratch; return ``mountpoint@options`` each."""
    overlays = [_overlay(view, "tools", view.tools, writable=view.target is None)]
    if view.target is not None:
        overlays.append(_overlay(view, "target", view.target, writable=True))
    return overlays


_LINKS = {"tools": "b", "target": "t"}


def _overlay(view: View, name: str, layers: tuple[Path, ...], *, writable: bool) -> str:
    if len(layers) > MAX_LAYERS:
        raise ConfigurationError(
            f"a build with {len(layers)} dependencies on one machine cannot be isolated",
            reference="too-many-dependencies",
            context=(("most", str(MAX_LAYERS)),),
            hint="the kernel merges no more directories; build-time dependencies that the recipe can do without help",
        )
    base = view.scratch
    links = base / _LINKS[name]
    if not links.exists():
        links.mkdir(parents=True)
        for directory in ("empty", "empty2", name, "work"):
            (base / directory).mkdir(exist_ok=True)
        for number, layer in enumerate(layers):
            (links / f"{number:x}").symlink_to(layer)
        if writable:
            (base / "output").symlink_to(view.output)
    # An overlay wants two lower layers when it has no upper one; empty ones do no harm.
    lower = ":".join([*(f"{links.name}/{number:x}" for number in range(len(layers))), "empty", "empty2"])
    return f"{name}@lowerdir={lower}" + (",upperdir=output,workdir=work" if writable else "")


def _bubblewrap(view: View, environment: Mapping[str, str], *, terminal: bool) -> list[str]:
    command = [
        *("bwrap", "--unshare-all", "--die-with-parent"),
        # Without a session of its own a build could type into the user's terminal (CVE-2017-5226).
        *(() if terminal else ("--new-session",)),
        *("--uid", str(USER_ID), "--gid", str(GROUP_ID), "--cap-drop", "ALL", "--hostname", "xpkg"),
        *_system(view.programs),
        *("--proc", "/proc", "--dev", "/dev", "--tmpfs", TEMPORARY),
        *("--dir", HOME, "--bind", str(view.source), SOURCE, "--chdir", SOURCE),
        *("--ro-bind", str(view.generated), ETC),
    ]
    if view.target is None:
        command += ["--bind", str(view.scratch / "tools"), TOOLS]
    else:
        command += ["--ro-bind", str(view.scratch / "tools"), TOOLS, "--bind", str(view.scratch / "target"), TARGET]
    command.append("--clearenv")
    for name, text in sorted(environment.items()):
        command += ["--setenv", name, text]
    return command


def _system(programs: Path) -> list[str]:
    """The host's /usr for its shared libraries, its programs replaced by the declared ones."""
    command = ["--ro-bind", "/usr", "/usr", "--ro-bind", str(programs), _PROGRAMS]
    hidden_places = [place for place in _HIDDEN if Path(place).is_dir() and not Path(place).is_symlink()]
    for hidden in hidden_places:
        command += ["--tmpfs", hidden]
    for hidden in hidden_places:
        command += ["--remount-ro", hidden]
    for name in _LIBRARY_LINKS:
        place = Path("/", name)
        if place.is_symlink():
            command += ["--symlink", f"usr/{name}", str(place)]
        elif place.is_dir() and name not in ("bin", "sbin"):
            command += ["--ro-bind", str(place), str(place)]
    if not Path("/bin").is_symlink():
        command += ["--symlink", "usr/bin", "/bin"]
    return command
