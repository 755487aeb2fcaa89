"""dune's workspace file for projects whose own names contexts: every build has just the one that dune is told."""

from __future__ import annotations

from xpkg.sandbox.environment import Subject
from xpkg.sandbox.layout import ETC

NAME = "dune-workspace"
_TEXT = "(lang dune 2.0)\n"


def environment(subject: Subject) -> dict[str, str]:
    """The variable by which dune takes our file for the project's (dune manual, "Environment Variables")."""
    return {"DUNE_WORKSPACE": f"{ETC}/{NAME}"} if subject.recipe.own_contexts else {}


def generated(subject: Subject) -> dict[str, str]:
    """The file: it names no context, so there is the default one, and the target's of ``-x`` beside it."""
    return {NAME: _TEXT} if subject.recipe.own_contexts else {}
