"""Files of ``substs``: a template ``name.in`` becomes ``name`` with its variables replaced.

Rules of ``OpamFilter.expand_interpolations_in_file`` and ``opamInterpLexer.mll`` in opam 2.6: in a template that is an
opam file, values inside quotes are escaped; any other is replaced line by line.
"""

from __future__ import annotations

import re

from xpkg.core.errors import InputFileError
from xpkg.repo.interpolate import Environment, Warn, expand, interpolate
from xpkg.repo.opamfile.file import parse

_OUTSIDE = re.compile(r'[^"\n]+|"""|"|\n')
# The longest match counts there: a quote after a backslash never ends a text, not even after two.
_INSIDE = re.compile(r'(?:[^"\n]|(?<=\\)")+|"""|"|\n')


def substituted(template: str, environment: Environment, warn: Warn | None = None) -> str:
    """The content of the file; undefined variables become empty and are told to ``warn``.

    The last line of what is no opam file ends like the others.
    """
    try:
        parse(template, "template")
    except InputFileError:
        ended = template if template.endswith("\n") or not template else f"{template}\n"
        return interpolate(ended, environment, warn)
    return _in_opam_file(template, environment, warn)


def _in_opam_file(template: str, environment: Environment, warn: Warn | None) -> str:
    written = []
    place, quotes = 0, ""
    while found := (_INSIDE if quotes else _OUTSIDE).match(template, place):
        piece, place = found[0], found.end()
        if piece == "\n" or (piece == '"' and quotes == '"""'):
            written.append(piece)
        elif piece in ('"', '"""'):
            written.append(piece)
            quotes = "" if quotes else piece
        elif quotes:
            written.append(expand(piece, environment, undefined="", warn=warn, write=_escaped) or "")
        else:
            written.append(interpolate(piece, environment, warn))
    return "".join(written)


def _escaped(value: str) -> str:
    """A value as it stands between quotes."""
    return re.sub(r'(["\\])', r"\\\1", value)
