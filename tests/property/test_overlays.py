"""Edits of formulas and lists by overlays: what is left is what a slow definition leaves, and nothing else moves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from xpkg.repo.expressions import formula_of
from xpkg.repo.formulas import And, Atom, Formula, Or
from xpkg.repo.opamfile.file import OpamFile, parse
from xpkg.repo.overlays import rewrite

NAMES = ("a", "b", "c", "d")
HEAD = '# a recipe\nopam-version: "2.0" # at the top\n'
TAIL = '\n# behind\nconflicts: [ "a"\n"b" ] url { src: "x" }\n'

spaces = st.sampled_from((" ", "  ", "\n  ", " # why\n", " (* or not *) ", "\n\n\t"))
names = st.sampled_from(NAMES)
atoms = st.builds(lambda name, rest: f'"{name}"{rest}', names, st.sampled_from(("", ' {>= "1"}', "{build & (t | u)}")))


def _joined(operator: str) -> st.SearchStrategy[str]:
    """Several atoms or groups with an operator between, spaced anyhow."""
    return st.lists(st.tuples(spaces, values, spaces), min_size=2, max_size=3).map(
        lambda parts: operator.join(f"{before}{value}{after}" for before, value, after in parts)
    )


def _bracketed(opening: str, closing: str) -> st.SearchStrategy[str]:
    return st.lists(st.tuples(spaces, st.one_of(values, _joined("|"), _joined("&"))), max_size=3).map(
        lambda parts: opening + "".join(before + value for before, value in parts) + " " + closing
    )


values: st.SearchStrategy[str] = st.deferred(lambda: st.one_of(atoms, _bracketed("(", ")")))
formulas = st.one_of(atoms, _joined("|"), _joined("&"), _bracketed("[", "]"))


def recipe(depends: str) -> OpamFile:
    return parse(f"{HEAD}depends: {depends}{TAIL}", "opam")


def formula(file: OpamFile) -> Formula:
    value = file.get("depends")
    return And(()) if value is None else formula_of(value, file, "&")


def without(whole: Formula, gone: frozenset[str]) -> Formula | None:
    """The definition: atoms go, and with them whatever has nothing left; what was empty before stays."""
    if isinstance(whole, Atom):
        return None if whole.name in gone else whole
    parts = [left for part in whole.items if (left := without(part, gone)) is not None]
    if whole.items and not parts:
        return None
    if len(parts) == 1:
        return parts[0]
    return And(tuple(parts)) if isinstance(whole, And) else Or(tuple(parts))


def flat(whole: Formula) -> object:
    """The formula without needless levels, which reading and removing make at different places."""
    if isinstance(whole, Atom):
        return whole
    items: list[object] = []
    for part in map(flat, whole.items):
        items += part[1] if isinstance(part, tuple) and part[0] == type(whole).__name__ else [part]
    return items[0] if len(items) == 1 else (type(whole).__name__, items)


@given(formulas, st.frozensets(names))
def test_items_taken_out(depends: str, gone: frozenset[str]) -> None:
    before = recipe(depends)
    after = rewrite.take_out(before, "depends", gone)
    assert flat(formula(after)) == flat(without(formula(before), gone) or And(()))
    old, new = before.field("depends"), after.field("depends")
    assert old is not None
    assert after.text.startswith(HEAD)
    assert after.text.endswith(TAIL[1:])
    if new is not None:
        assert after.text[: new.value.start] == before.text[: old.value.start]
        assert after.text[new.value.end :] == before.text[old.value.end :]


@given(formulas, st.lists(st.one_of(atoms, _bracketed("(", ")")), max_size=3))
def test_items_added(depends: str, added: list[str]) -> None:
    before = recipe(depends)
    other = parse(f"depends: [{' '.join(added)}]", "overlay")
    value = other.get("depends")
    assert value is not None
    after = rewrite.append(before, "depends", rewrite.items_of(other, "depends", value))
    assert flat(formula(after)) == flat(And((formula(before), formula_of(value, other, "&"))))
    assert after.text.startswith(f"{HEAD}depends: ")
    assert after.text.endswith(TAIL)
