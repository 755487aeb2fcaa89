"""Variables and the texts that mention them: ``%{name}%``, ``%{pkg:name}%``, ``%{name?yes:no}%``.

Rules of ``OpamFilter.expand_string`` and ``resolve_ident_raw`` in opam 2.6.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

Value = bool | str | list[str] | None
Environment = Callable[[str], Value]
"""The value of a variable by its full name (``os``, ``pkg:installed``, ``_:name``), None when undefined."""
Warn = Callable[[str], None]
"""Is told what was undefined and where that mattered."""

_MENTION = re.compile(r"%%|%\{(?:[^}\n]|\}(?!%))*(?:\}%)?")


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable, of several packages as in ``a+b:installed``; ``choice`` is ``(yes, no)`` of ``x?yes:no``."""

    packages: tuple[str, ...]
    name: str
    choice: tuple[str, str] | None = None

    def __str__(self) -> str:
        packages = "+".join(self.packages) + ":" if self.packages else ""
        choice = f"?{self.choice[0]}:{self.choice[1]}" if self.choice else ""
        return f"{packages}{self.name}{choice}"


@lru_cache(maxsize=4096)
def parse_variable(text: str) -> Variable:
    """Read ``[pkg+pkg:]name[?yes:no]`` (``OpamFilter.filter_ident_of_string``)."""
    rest, colon, last = text.rpartition(":")
    if not colon:
        return Variable((), text)
    rest, question, yes = rest.rpartition("?") if "?" in rest else (rest, "", "")
    if question:
        packages, _, name = rest.rpartition(":")
        choice = (yes, last)
    elif last == "enable":
        # pkg:enable stands for pkg:installed?enable:disable
        packages, name, choice = rest, "installed", ("enable", "disable")
    else:
        return Variable(tuple(rest.split("+")), last)
    return Variable(tuple(packages.split("+")) if packages else (), name, choice)


def as_text(value: bool | str | list[str]) -> str:
    """A value as opam writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else " ".join(value)


def as_bool(value: Value) -> bool | None:
    """A value as a boolean, None when it is none."""
    if isinstance(value, list):
        value = value[0] if len(value) == 1 else None
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value)
    return value


def look_up(variable: Variable, environment: Environment) -> Value:
    """The value of a variable.

    Of several packages it is true when it is true for all.  What is neither true nor false chooses ``no`` of
    ``?yes:no``.
    """
    value = _plain(variable, environment)
    if variable.choice is None:
        return value
    return variable.choice[0 if as_bool(value) else 1]


def _plain(variable: Variable, environment: Environment) -> Value:
    """The value before a choice."""
    if not variable.packages:
        return environment(variable.name)
    if len(variable.packages) == 1:
        return environment(f"{variable.packages[0]}:{variable.name}")
    result: bool | None = True
    for package in variable.packages:
        value = environment(f"{package}:{variable.name}")
        if value is not True:
            result = as_bool(value)
        if result is False:
            return False
    return result


def expand(
    text: str,
    environment: Environment,
    *,
    undefined: str | None = None,
    warn: Warn | None = None,
) -> str | None:
    """Replace every mention; ``%%`` is one ``%``, a mention that is not closed stays.

    An undefined variable becomes ``undefined`` and is told to ``warn``; the result is None when ``undefined``
    is None.
    """
    if "%" not in text:
        return text
    missing = False

    def replace(match: re.Match[str]) -> str:
        nonlocal missing
        mention = match[0]
        if mention == "%%":
            return "%"
        if not mention.endswith("}%"):
            return mention
        value = look_up(parse_variable(mention[2:-2]), environment)
        if value is not None:
            return as_text(value)
        missing = missing or undefined is None
        if warn is not None:
            warn(f"undefined variable {mention[2:-2]}")
        return undefined or ""

    result = _MENTION.sub(replace, text)
    return None if missing else result


def interpolate(text: str, environment: Environment, warn: Warn | None = None) -> str:
    """The text for a command, or the content of a file of ``substs``: undefined variables become empty, as in opam."""
    result = expand(text, environment, undefined="", warn=warn)
    return "" if result is None else result
