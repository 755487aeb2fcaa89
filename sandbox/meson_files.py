"""Machine files of Meson (manual, "Cross and Native File reference"): pure, text out, every path inside the sandbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xpkg.sandbox.c_machines import CMachine

Value = str | bool | Sequence[str]


def cross_file(
    machine: CMachine,
    *,
    tools: Mapping[str, str],
    prefix: str,
    pkgconfig: Sequence[str],
    runner: Sequence[str] = (),
) -> str:
    """For a target; ``tools`` maps Meson's names (c, cpp, ar, ...) to programs.

    ``runner`` is the command that programs of the target are run with, where they may be: in builds of tests.
    """
    binaries: dict[str, Value] = dict(tools)
    if runner:
        binaries["exe_wrapper"] = runner
    options: dict[str, Value] = {"prefix": prefix, "libdir": "lib"}
    if not machine.shared:
        options["default_library"] = "static"
    if not machine.pic:
        options |= {"b_staticpic": False, "b_pie": False}
    # Else a target with this machine's processor and system would pass for one whose programs run here.
    properties: dict[str, Value] = {"needs_exe_wrapper": True, "pkg_config_libdir": ":".join(pkgconfig)}
    description = {
        "system": machine.meson_system,
        "cpu_family": machine.cpu_family,
        "cpu": machine.cpu,
        "endian": machine.endian,
    }
    return (
        _section("binaries", binaries)
        + _section("properties", properties)
        + _section("built-in options", options)
        + _section("host_machine", description)
    )


def native_file(*, tools: Mapping[str, str], pkgconfig: Sequence[str]) -> str:
    """For what a project builds to run while building (``native: true``)."""
    return _section("binaries", tools) + _section("properties", {"pkg_config_libdir": ":".join(pkgconfig)})


def _section(name: str, values: Mapping[str, Value]) -> str:
    return f"[{name}]\n" + "".join(f"{key} = {_value(value)}\n" for key, value in sorted(values.items())) + "\n"


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{escaped}'"
    return f"[{', '.join(_value(one) for one in value)}]"
