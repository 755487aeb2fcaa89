"""What C's build systems call a machine, and what its compiler can make: facts of a target's file, in their words."""

from __future__ import annotations

from xpkg.core.values import value
from xpkg.repo.targets import Target

# Meson manual, "Reference tables", "CPU families"; what is not in it is called as in the triple.
_FAMILIES = {
    "amd64": "x86_64",
    "arm64": "aarch64",
    "powerpc": "ppc",
    "powerpc64": "ppc64",
    "powerpc64le": "ppc64",
    **dict.fromkeys(("i386", "i486", "i586", "i686"), "x86"),
    **dict.fromkeys(("armv5", "armv6", "armv6l", "armv7", "armv7a", "armv7l", "armv8l", "thumb"), "arm"),
}
# CMake manual, CMAKE_SYSTEM_NAME; opam's name first.
_CMAKE_SYSTEMS = {
    "linux": "Linux",
    "freebsd": "FreeBSD",
    "netbsd": "NetBSD",
    "openbsd": "OpenBSD",
    "dragonfly": "DragonFly",
    "win32": "Windows",
    "macos": "Darwin",
}
# Meson manual, "Reference tables", "Operating system names".
_MESON_SYSTEMS = {"win32": "windows", "macos": "darwin"}


@value(kw_only=True)
class CMachine:
    """One machine as Meson, CMake and autoconf describe it.

    ``hosted`` says that programs can be linked, ``shared`` that shared libraries can, ``pic`` that the objects of
    static libraries may end up in one and therefore have to be position-independent.
    """

    cpu: str
    cpu_family: str
    endian: str
    meson_system: str
    cmake_system: str
    hosted: bool
    shared: bool
    pic: bool


def c_machine(machine: Target) -> CMachine:
    """The description of a target, or of the build machine."""
    cpu = machine.triple.partition("-")[0]
    system = machine.variables.get("os", "")
    flags = machine.toolchain.cflags
    # What has no system to load programs is a system of no name, whatever kernel its code becomes a part of.
    hosted = "-ffreestanding" not in flags and "freestanding" not in (machine.toolchain.zig_target or "")
    order = machine.objects.format.rpartition("-")[2] if machine.objects is not None else "little"
    return CMachine(
        cpu=cpu,
        cpu_family=_FAMILIES.get(cpu, cpu),
        endian=order if order in ("little", "big") else "little",
        meson_system=_MESON_SYSTEMS.get(system, system) if hosted and system else "none",
        cmake_system=_CMAKE_SYSTEMS.get(system, "Generic") if hosted else "Generic",
        hosted=hosted,
        shared=hosted and "-static" not in flags,
        pic=hosted and not {"-fno-pic", "-fno-PIC"} & set(flags),
    )
