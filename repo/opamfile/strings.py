"""Strings of the opam format as text."""

from __future__ import annotations

ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\r": "\\r", "\b": "\\b"})


def print_string(text: str) -> str:
    """A quoted string; one of several lines gets triple quotes."""
    escaped = text.translate(ESCAPES)
    return f'"""{escaped}"""' if "\n" in text else f'"{escaped}"'
