"""What looks like a flag with a directory and is none."""

from __future__ import annotations

import time

import pytest

from xpkg.sandbox import paths_text


def test_a_help_text_that_names_two_options_is_no_directory() -> None:
    look = paths_text.looked_at("bin/ncurses6-config")
    assert look is not None
    assert not list(look("  --libs-only-other  echos linker options other than -L/-l\n"))
    assert list(look("  echo -L/opt/ncurses -lncurses\n"))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("--libs) echo -L/usr/local/lib -lgg ;;", True),
        ("  --cflags) echo -I/usr/include/gg;;", True),
        ("case $1 in *) echo -L/usr/lib ;; esac", True),
        ("case $1 in --libs) echo -L/usr/lib ;; esac", True),
        ("( echo -L/usr/lib )", True),
        ("echo -L/usr/lib | tr a b", True),
        ("prefix=/usr", True),
        ('  libdir="/opt/gg/lib"', True),
        ("  --prefix=/usr) shift ;;", False),
        ("    [--prefix=/usr]", False),
        ("-L/usr/lib) ;;", False),
        ("  -L/usr/lib|-L/lib) continue ;;", False),
        ("  -L/usr/lib | \\", False),
        ("  (-L/usr/lib64) ;;", False),
        ("case $f in -L/usr/lib) ;; esac", False),
        ("case $f in -L/opt) a ;; -L/usr/lib) ;; esac", False),
        ('case " $libs " in *" -L/usr/lib "*) ;;', False),
        ("case -I/usr/include in $f) ;; esac", False),
        ('test "$f" != -I/usr/include', False),
        ('if [ "$f" = "-L/usr/lib" ]; then', False),
    ],
)
def test_what_a_script_says_and_what_it_compares_with(line: str, told: bool) -> None:
    look = paths_text.looked_at("bin/gg-config")
    assert look is not None
    assert bool(list(look(f"#!/bin/sh\n{line}\n"))) is told


@pytest.mark.parametrize("piece", ["in a|", "case ", "in 'a", '"-L/x" | ', "-L/x|", "-L/x) ;; ", " -L/x", " in -L/x|'"])
def test_long_lines_of_scripts_take_no_long_time(piece: str) -> None:
    look = paths_text.looked_at("bin/gg-config")
    assert look is not None
    started = time.process_time()
    list(look("".join(piece.replace("x", str(number)) for number in range(20_000)) + " -L/usr/lib"))
    assert time.process_time() - started < 5
