"""Updates of the environment: opam's ``setenv`` and ``build-env``.

Operators: opam manual, "Environment updates", and ``OpamEnv.apply_op_zip``.  One deviation: ``=:`` keeps a colon at
the end where it is, as the manual says; opam 2.6 moves it to the front.
"""

from __future__ import annotations

from collections.abc import Iterable

from xpkg.repo.filters import Environment, is_true
from xpkg.repo.interpolate import interpolate
from xpkg.repo.recipes import EnvUpdate


def apply_updates(environment: dict[str, str], updates: Iterable[EnvUpdate], values: Environment) -> None:
    """Change ``environment`` in the order of ``updates``; ``values`` are the variables of who declares them.

    An undefined variable in a text becomes empty, as in opam.
    """
    for update in updates:
        if is_true(update.filter, values):
            text = interpolate(update.value, values)
            environment[update.name] = updated(environment.get(update.name, ""), update.operator, text)


def updated(present: str, operator: str, text: str) -> str:
    """The value after one update.  Joined by colons; an empty value counts as none.

    ``:=`` and ``=:`` join with a colon even to nothing, and leave one at the outer end where it is: a search path
    with an empty part there stands for the program's own default.
    """
    match operator:
        case "=":
            return text
        # What "=+=" would replace at its place is an earlier session's update; a build begins without any.
        case "+=" | "=+=":
            return f"{text}:{present}" if present else text
        case "=+":
            return f"{present}:{text}" if present else text
        case ":=":
            return f":{text}{present}" if present.startswith(":") else f"{text}:{present}"
        case "=:":
            return f"{present}{text}:" if present.endswith(":") else f"{present}:{text}"
    raise ValueError(f"not an update of the environment: {operator!r}")
