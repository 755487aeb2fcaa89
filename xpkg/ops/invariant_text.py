"""Invariants as text: what the user writes, and opam's syntax, in which they are kept."""

from __future__ import annotations

from collections.abc import Sequence

from xpkg.core.errors import UsageError
from xpkg.core.text import printable
from xpkg.ops.spelling import read_spelling
from xpkg.repo.expressions import formula_of
from xpkg.repo.filters import Text
from xpkg.repo.formulas import And, Atom, Bound, Condition, Formula, Or, atoms
from xpkg.repo.names import bound_problem, name_problem
from xpkg.repo.opamfile.errors import OpamSyntaxError
from xpkg.repo.opamfile.file import parse
from xpkg.repo.opamfile.printer import print_string
from xpkg.repo.versions import AnyVersion, Compare, VersionFormula, all_of, one_of

_FORMS = "write NAME, NAME.VERSION, 'NAME>=VERSION', or a formula such as '[\"ocaml\" {>= \"4.14\"}]'"


def written(words: Sequence[str]) -> str:
    """The invariant that words on the command line mean, in opam's syntax: all of them together.

    A word is a package as `xpkg.ops.spelling` reads it, or a formula in opam's syntax.  UsageError says what is wrong.
    """
    formulas = [_formula(word) if word.lstrip().startswith(("[", '"', "(")) else _package(word) for word in words]
    formula = formulas[0] if len(formulas) == 1 else And(tuple(formulas))
    return printed(formula) if next(atoms(formula), None) is not None else ""


def _package(word: str) -> Formula:
    spelled = read_spelling(word)
    problem = name_problem(spelled.name)
    if problem is None and spelled.operator is not None:
        problem = bound_problem(spelled.version)
    if problem is not None:
        raise UsageError(f"{printable(word)!r} does not name a package: {problem}", reference="bad-invariant")
    bound: Condition = And(()) if spelled.operator is None else Bound(spelled.operator, Text(spelled.version))
    return Atom(spelled.name, bound)


def _formula(word: str) -> Formula:
    try:
        return read_formula(word, "the invariant")
    except OpamSyntaxError as error:
        raise UsageError(
            f"this is no formula over packages: {error.problem}",
            reference="bad-invariant",
            context=error.context[2:],
            hint=_FORMS,
        ) from error


def read_formula(text: str, where: str) -> Formula:
    """A formula over names and versions, without variables; OpamSyntaxError otherwise."""
    file = parse(f"invariant: {text}", where)
    value = file.get("invariant")
    if value is None or len(file.items) != 1:
        raise file.error("expected one formula over packages")
    formula = formula_of(value, file, "&")
    for atom in atoms(formula):
        if not _plain(atom.condition):
            raise file.error(f"{atom.name}: an invariant has names and versions, and no variables", value)
    return formula


def _plain(condition: Condition) -> bool:
    if isinstance(condition, Bound):
        return isinstance(condition.version, Text) and "%{" not in condition.version.text
    return isinstance(condition, And | Or) and all(map(_plain, condition.items))


def versions_of(condition: Condition) -> VersionFormula | None:
    """The versions that the condition of an atom of `read_formula` allows; None for any."""
    found = _versions(condition)
    return None if isinstance(found, AnyVersion) else found


def _versions(condition: Condition) -> VersionFormula:
    if isinstance(condition, Bound):
        assert isinstance(condition.version, Text)
        return Compare(condition.operator, condition.version.text)
    assert isinstance(condition, And | Or)
    parts = [_versions(item) for item in condition.items]
    return all_of(parts) if isinstance(condition, And) else one_of(parts)


def printed(formula: Formula) -> str:
    """A formula of `read_formula` in opam's syntax, every time the same way."""
    if isinstance(formula, And):
        return f"[{' '.join(_printed(item) for item in formula.items)}]"
    return _printed(formula).removeprefix("(").removesuffix(")")


def _printed(formula: Formula) -> str:
    if isinstance(formula, Atom):
        condition = _conditions(formula.condition, "")
        return print_string(formula.name) + (f" {{{condition}}}" if condition else "")
    return f"({(' & ' if isinstance(formula, And) else ' | ').join(_printed(item) for item in formula.items)})"


def _conditions(condition: Condition, inside: str) -> str:
    if isinstance(condition, Bound):
        assert isinstance(condition.version, Text)
        return f"{condition.operator} {print_string(condition.version.text)}"
    assert isinstance(condition, And | Or)
    join = " & " if isinstance(condition, And) else " | "
    parts = [text for item in condition.items if (text := _conditions(item, join))]
    text = join.join(parts)
    return f"({text})" if len(parts) > 1 and inside not in ("", join) else text
