"""The words after ``opam``: a subcommand, options, and the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

_VALUED = """
--switch --columns --column --field --repo --repos --repositories --root --formula --packages --jobs
--cli --color --confirm-level --json --warn --package --depends-on --required-by --coinstallable-with
--sort-by --kind --debug-level --criteria --solver --subpath --invariant --description --rank --shell
--dir --separator --resolve --field-match --has-flag --with-version --verbose-on --cudf --owns-file
--conflicts-with --destdir --pattern
"""
_WITH_VALUE = frozenset(_VALUED.split())
_FULL = {"--all", "--dev"}
_SHORT_WITH_VALUE = frozenset({"-f", "-j", "-k", "-W"})


@dataclass(slots=True, kw_only=True)
class Arguments:
    """``options`` maps each option to its values, an empty list for a plain one; short ones are one letter each."""

    command: str
    options: dict[str, list[str]] = field(default_factory=dict)
    rest: list[str] = field(default_factory=list)

    def has(self, *names: str) -> bool:
        """Whether one of these options is given, in full or shortened."""
        return any(given == name or _shortens(given, name) for given in self.options for name in names)

    def value(self, *names: str) -> str | None:
        """The last value of an option."""
        found = [values[-1] for given, values in self.options.items() if given in names and values]
        return found[-1] if found else None

    def values(self, *names: str) -> list[str]:
        return [value for given, values in self.options.items() if given in names for value in values]


def _shortens(given: str, name: str) -> bool:
    return given not in _FULL and given.startswith("--") and len(given) > 4 and name.startswith(given)


def read_arguments(words: Sequence[str]) -> Arguments:
    """``words`` without ``opam`` itself."""
    found = Arguments(command="")
    waiting = list(words)
    plain = False
    while waiting:
        word = waiting.pop(0)
        if word == "--" and not plain:
            plain = True
        elif plain or not word.startswith("-") or word == "-":
            if found.command:
                found.rest.append(word)
            else:
                found.command = word
        elif word.startswith("--"):
            name, equals, value = word.partition("=")
            name = "--switch" if name.startswith("--sw") else name
            values = found.options.setdefault(name, [])
            if equals:
                values.append(value)
            elif name in _WITH_VALUE and waiting:
                values.append(waiting.pop(0))
        else:
            _short(found, word, waiting)
    return found


def _short(found: Arguments, word: str, waiting: list[str]) -> None:
    for place, letter in enumerate(word[1:], start=1):
        values = found.options.setdefault(f"-{letter}", [])
        if f"-{letter}" in _SHORT_WITH_VALUE:
            value = word[place + 1 :] or (waiting.pop(0) if waiting else "")
            values.append(value)
            return
