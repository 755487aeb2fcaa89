"""Text from outside, made safe to show."""

from __future__ import annotations

from collections.abc import Iterable

# Cf holds the bidirectional controls that can make a line read as something else.
_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def printable(text: str, keep: str = "\n\t") -> str:
    """Escape control, format and bidirectional characters so that no terminal obeys them."""
    if text.isascii() and text.isprintable():
        return text
    import unicodedata

    return "".join(
        character
        if character in keep or unicodedata.category(character) not in _UNSAFE
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def folded(name: str) -> str:
    """What a file system that ignores case and Unicode composition takes ``name`` for."""
    if name.isascii():
        return name.lower()
    import unicodedata

    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


def nearest(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """The known names a user may have meant by ``name``, best first."""
    import difflib  # half of the time of a short command

    names = sorted(set(known))
    matches = difflib.get_close_matches(name, names, n=most, cutoff=0.6)
    inside = [other for other in names if name and name in other and other not in matches]
    return [*matches, *inside][:most]


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A hint with the nearest names, or None when nothing is near."""
    names = nearest(name, known)
    return f"did you mean {' or '.join(names)}?" if names else None
