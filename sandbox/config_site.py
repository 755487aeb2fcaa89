"""Answers for configure scripts that they find by running a program, which cannot be done for another machine.

autoconf reads them from the file that CONFIG_SITE names (autoconf manual, "Setting Site Defaults").  Without an answer
it assumes the worst and compiles replacements, or stops.  What is on its command line or in its cache comes first.
Pure, text out.
"""

from __future__ import annotations

from collections.abc import Iterator

from xpkg.sandbox.c_machines import CMachine

# Of any Linux, with glibc and with musl alike.
_LINUX = {
    "they return a pointer, not NULL": {
        "ac_cv_func_malloc_0_nonnull": "yes",
        "ac_cv_func_calloc_0_nonnull": "yes",
        "ac_cv_func_realloc_0_nonnull": "yes",
    },
    "as POSIX says": {
        "ac_cv_func_chown_works": "yes",
        "ac_cv_func_closedir_void": "no",
        "ac_cv_func_fork_works": "yes",
        "ac_cv_func_vfork_works": "yes",
        "ac_cv_func_getgroups_works": "yes",
        "ac_cv_func_getpgrp_void": "yes",
        "ac_cv_func_lstat_dereferences_slashed_symlink": "yes",
        "ac_cv_func_lstat_empty_string_bug": "no",
        "ac_cv_func_memcmp_working": "yes",
        "ac_cv_func_mmap_fixed_mapped": "yes",
        "ac_cv_func_setpgrp_void": "yes",
        "ac_cv_func_setvbuf_reversed": "no",
        "ac_cv_func_stat_empty_string_bug": "no",
        "ac_cv_func_strcoll_works": "yes",
        "ac_cv_func_strnlen_working": "yes",
        "ac_cv_func_strtod": "yes",
        "ac_cv_func_utime_null": "yes",
        "ac_cv_func_working_mktime": "yes",
    },
    "as C99 says": {
        "ac_cv_va_copy": "yes",
        "ac_cv_func_va_copy": "yes",
        "hw_cv_func_snprintf_c99": "yes",
        "hw_cv_func_vsnprintf_c99": "yes",
    },
    "devices that every Linux has, and one that none has": {
        "ac_cv_file__dev_zero": "yes",
        "ac_cv_file__dev_random": "yes",
        "ac_cv_file__dev_urandom": "yes",
        "ac_cv_file__dev_ptmx": "yes",
        "ac_cv_file__dev_ptc": "no",
    },
}
_GLIBC = {
    "glibc: patterns, with GNU's extensions": {
        "ac_cv_func_fnmatch_works": "yes",
        "ac_cv_func_fnmatch_gnu": "yes",
    },
}


def config_site(machine: CMachine, libc: str) -> str:
    """The file for one target; ``libc`` is the variable of that name, empty where the target states none."""
    return "".join(f"{line}\n" for line in _lines(machine, libc))


def _lines(machine: CMachine, libc: str) -> Iterator[str]:
    if machine.meson_system == "linux" and libc in ("glibc", "musl"):
        groups = _LINUX | (_GLIBC if libc == "glibc" else {})
        for reason, answers in groups.items():
            yield f"# {reason}"
            yield from (f': "${{{name}={answer}}}"' for name, answer in answers.items())
    if machine.pic:
        yield "# libtool: static libraries are put into OCaml's stub libraries"
        yield ': "${with_pic=yes}"'
    if not machine.shared:
        yield "# libtool: nothing could load a shared library"
        yield ': "${enable_shared=no}"'
