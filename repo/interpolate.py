"""Variables and the texts that mention them: ``%{name}%``, ``%{pkg:name}%``, ``%{name?yes:no}%``.

Rules of ``OpamFilter.expand_string`` and ``resolve_ident_raw`` in opam 2.6.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from xpkg.core.values import value

Value = bool | str | list[str] | None
Environment = Callable[[str], Value]
"""The value of a variable by its full name (``os``, ``pkg:installed``, ``_:name``), None when undefined."""
Warn = Callable[[str], None]
"""Is told what was undefined and where that mattered."""

# A brace inside a mention takes the next character along, whatever that is but "%" (``string_interp_regex``).
_MENTION = re.compile(r"%%|%\{(?:[^}\n]|\}(?:[^%\n]|\Z))*(?:\}%)?")


@value
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
    """Read ``[pkg+pkg:]name[?yes:no]`` (``OpamTypesBase.filter_ident_of_string_interp``).

    ``?pkg:name:`` is ``pkg:name`` of one package, whose name may have a ``+`` (opam 2.2); ``?x:name`` is ``name``.
    """
    rest, colon, last = text.rpartition(":")
    if not colon:
        return Variable((), text)
    head, question, yes = rest.rpartition("?")
    if not question:
        return _of_packages(_names(rest), last)
    if not head:
        package, colon, name = yes.rpartition(":")
        return _of_packages((package,), name) if colon else Variable((), last)
    packages, _, name = head.rpartition(":")
    return Variable(_names(packages), name, (yes, last))


def _names(packages: str) -> tuple[str, ...]:
    return tuple(name for name in packages.split("+") if name)


def _of_packages(packages: tuple[str, ...], name: str) -> Variable:
    """``pkg:enable`` stands for ``pkg:installed?enable:disable`` (``OpamFilter.desugar_fident``)."""
    if packages and name == "enable":
        return Variable(packages, "installed", ("enable", "disable"))
    return Variable(packages, name)


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
    write: Callable[[str], str] = str,
) -> str | None:
    """Replace every mention; ``%%`` is one ``%``, a mention that is not closed stays.

    An undefined variable becomes ``undefined`` and is told to ``warn``; the result is None when ``undefined``
    is None.  ``write`` makes of a value what is put in.
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
            return write(as_text(value))
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


def escape(text: str) -> str:
    """The text that ``interpolate`` turns into ``text``."""
    return text.replace("%", "%%")


def expand_known(text: str, environment: Environment) -> str:
    """Replace what is defined, to expand the rest later (``OpamFilter.expand_string`` with ``partial``).

    A choice by what is neither true nor false is that value.
    """

    def replace(match: re.Match[str]) -> str:
        mention = match[0]
        if mention == "%%" or not mention.endswith("}%"):
            return mention
        value = look_up_known(parse_variable(mention[2:-2]), environment)
        if value is None:
            return mention
        return escape(value) if isinstance(value, str) else as_text(value)

    return _MENTION.sub(replace, text)


def look_up_known(variable: Variable, environment: Environment) -> Value:
    """The value of a variable when others may be known later: a choice is made by a boolean alone."""
    value = _plain(variable, environment)
    if variable.choice is None or as_bool(value) is None:
        return value
    return variable.choice[0 if as_bool(value) else 1]
