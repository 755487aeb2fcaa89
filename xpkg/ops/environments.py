"""The environment in which a switch's packages are used outside xpkg.

`ocamlfind`, `dune`, `pkg-config` and hand-written Makefiles find the build machine's tools and the
target's libraries through it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xpkg.core.errors import NotFoundError
from xpkg.core.files import disk_errors, write_atomically
from xpkg.ops.home import Home
from xpkg.ops.pairs import Pair
from xpkg.sandbox import failures, toolfiles
from xpkg.sandbox.isolation import Bubblewrap, View
from xpkg.sandbox.store import is_key
from xpkg.sandbox.switches import Switch
from xpkg.sandbox.system_programs import gathered
from xpkg.sandbox.system_tools import locate


def environment(home: Home, switch: Switch, pair: Pair) -> dict[str, str]:
    """The variables to set; ``PATH`` is to be put before the present one.

    Writes findlib's configuration for the pair below the switch's directory.
    """
    native = home.native
    tools, prefix = switch.prefix(pair.tools_tree), switch.prefix(pair.tree(pair.machine))
    values = {
        "PATH": f"{tools}/bin",
        "OCAMLFIND_CONF": str(_write_findlib(home, switch, pair)),
        "CAML_LD_LIBRARY_PATH": f"{tools}/{native.layout.stublibs}:{tools}/lib/ocaml/stublibs",
        "XPKG_SWITCH": home.switch_name,
        "XPKG_TOOLS": str(tools),
        "XPKG_PREFIX": str(prefix),
    }
    machine = native if pair.target is None else home.target(pair.target)
    if pair.target is not None:
        values["XPKG_TARGET"] = pair.target
        # The name that the kernel projects' own Makefiles know the target's prefix by.
        values["KAMLROOT"] = str(prefix)
        values["PKG_CONFIG_LIBDIR"] = f"{prefix}/lib/pkgconfig:{prefix}/share/pkgconfig"
        for name in ("cc", "ar", "ranlib", "ld"):
            relative = getattr(machine.toolchain, name)
            if relative:
                values[name.upper()] = f"{prefix}/{relative}"
    else:
        values["PKG_CONFIG_PATH"] = f"{prefix}/lib/pkgconfig:{prefix}/share/pkgconfig"
    return values


def merged(values: Mapping[str, str], present: Mapping[str, str]) -> dict[str, str]:
    """``present`` with ``values`` over it, the search path in front of the present one."""
    path = ":".join(part for part in (values["PATH"], present.get("PATH", "/usr/bin:/bin")) if part)
    return {**present, **values, "PATH": path}


def _write_findlib(home: Home, switch: Switch, pair: Pair) -> Path:
    directory = home.root.switch(home.switch_name) / f"etc-{pair.machine}"
    configuration = directory / "findlib.conf"
    files = {
        configuration: toolfiles.findlib_conf(
            prefix=str(switch.prefix(pair.tools_tree)), library=home.native.layout.lib
        )
    }
    if pair.target is not None:
        target = home.target(pair.target)
        files[directory / "findlib.conf.d" / f"{target.findlib_name}.conf"] = toolfiles.findlib_toolchain_conf(
            name=target.findlib_name,
            prefix=str(switch.prefix(pair.tree(pair.machine))),
            library=target.layout.lib,
            commands=target.toolchain.ocaml,
            tools=str(switch.prefix(pair.tools_tree)),
        )
    for path, text in files.items():
        if not path.is_file() or path.read_text("utf-8") != text:
            with disk_errors("write", path):
                path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, text.encode())
    return configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedBuild:
    """A kept tree of a failed build, and the way into it."""

    label: str
    directory: Path


def failed_builds(home: Home) -> tuple[FailedBuild, ...]:
    """The kept failures, by label."""
    kept = home.root.store / "failed"
    names = sorted(path.name for path in kept.iterdir()) if kept.is_dir() else []
    return tuple(FailedBuild(label=name, directory=kept / name) for name in names)


def enter_failed(home: Home, label: str, argv: Sequence[str]) -> int:
    """Run a program interactively in a failed build's own view; its exit status."""
    from xpkg.core.text import did_you_mean

    known = {one.label: one for one in failed_builds(home)}
    if label not in known:
        raise NotFoundError(
            f"no failed build {label} is kept",
            reference="unknown-failed-build",
            context=(("kept", ", ".join(known) or "none"),),
            hint=did_you_mean(label, known),
        )
    directory = known[label].directory
    facts = _read_failed(directory)
    scratch = directory / "scratch"

    def layers(keys: Sequence[str]) -> tuple[Path, ...]:
        return tuple(home.store.output(key).files for key in keys)

    view = View(
        scratch=scratch,
        source=directory / "src",
        generated=directory / "etc",
        output=directory / "files",
        tools=layers(facts.tools),
        target=None if facts.target is None else layers(facts.target),
        programs=gathered(home.root, locate(facts.system_tools)),
    )
    scratch.mkdir(exist_ok=True)
    isolation = Bubblewrap()
    isolation.check()
    return isolation.enter(view, argv, facts.environment)


def _read_failed(directory: Path) -> failures.FailedView:
    path = directory / failures.RECORD
    try:
        data = path.read_bytes()
    except OSError as error:
        raise failures.damaged(str(path), error.strerror or str(error)) from error
    found = failures.decode(data, str(path))
    for key in (*found.tools, *(found.target or ())):
        if not is_key(key):
            raise failures.damaged(str(path), f"{key[:80]!r} is no build key")
    for name in ("src", "etc", "files"):
        if not (directory / name).is_dir():
            raise failures.damaged(str(directory / name), "it is missing")
    return found
