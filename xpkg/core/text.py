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
    """The known names a user may have meant by ``name``, best first: mistyped ones, then those that have it in them.

    A mistyped one is at most a third of the letters away, the case of letters apart.
    """
    names, typed = set(known), folded(name)
    bound = max(len(typed) // 3, 1 if len(typed) > 2 else 0)
    distances = {other: distance(typed, folded(other), bound) for other in names}
    close = sorted((away, other) for other, away in distances.items() if away is not None)
    # What is much farther than the best was not meant.
    mistyped = [other for away, other in close if away <= close[0][0] + 1]
    inside = [other for other in names if _stands_for(typed, folded(other)) and other not in mistyped]
    return [*mistyped, *sorted(inside, key=lambda other: (len(other), other))][:most]


def _stands_for(part: str, whole: str) -> bool:
    """Whether a part is enough of a name to mean it; one or two letters are in many, and must begin it."""
    if len(part) > 2:
        return part in whole
    if not part or not whole.startswith(part):
        return False
    return len(whole) <= 3 * len(part) or whole[len(part)] in "-_."


def distance(one: str, other: str, most: int) -> int | None:
    """How many letters to insert, delete, replace, or exchange with the next one make ``other`` of ``one``.

    None when more than ``most`` (optimal string alignment: Boytsov, "Indexing methods for approximate dictionary
    searching", 2011).
    """
    if abs(len(one) - len(other)) > most or len(set(one).difference(other)) > most:
        return None
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    beyond = most + 1
    before: list[int] = []
    row = [min(column, beyond) for column in range(len(other) + 1)]
    for number, letter in enumerate(one, 1):
        before, last, row = row, before, [beyond] * (len(other) + 1)
        row[0] = min(number, beyond)
        # Farther from the diagonal all is beyond.
        for column in range(max(1, number - most), min(len(other), number + most) + 1):
            best = min(before[column - 1] + (letter != other[column - 1]), before[column] + 1, row[column - 1] + 1)
            if column > 1 and number > 1 and one[number - 2 : number] == other[column - 1] + other[column - 2]:
                best = min(best, last[column - 2] + 1)
            row[column] = min(best, beyond)
        if min(row) > most and min(before) > most:
            return None
    return row[-1] if row[-1] <= most else None


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A hint with the nearest names, or None when nothing is near."""
    names = nearest(name, known)
    return f"did you mean {' or '.join(names)}?" if names else None
