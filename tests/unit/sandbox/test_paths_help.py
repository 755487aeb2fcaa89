"""What looks like a flag with a directory and is none."""

from __future__ import annotations

from xpkg.sandbox import paths_text


def test_a_help_text_that_names_two_options_is_no_directory() -> None:
    look = paths_text.looked_at("bin/ncurses6-config")
    assert look is not None
    assert not list(look("  --libs-only-other  echos linker options other than -L/-l\n"))
    assert list(look("  echo -L/opt/ncurses -lncurses\n"))
