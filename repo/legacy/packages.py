"""``depends``, ``depopts`` and ``conflicts`` of opam 1.x, with what ``available`` said of compilers
(``OpamFormatUpgrade.opam_file_from_1_2_to_2_0``, ``OpamFile.OPAM.cleanup_conflicts`` and ``cleanup_depopts``).
"""

from __future__ import annotations

from collections.abc import Callable

from xpkg.repo.legacy.availability import Bounds
from xpkg.repo.legacy.filters import with_flags, with_variables
from xpkg.repo.legacy.terms import all_of, any_of, split_conditions, with_conditions
from xpkg.repo.opamfile.values import Group, List, Logical, Option, Prefix, PrefixRelation, Relation, String, Value


def upgrade_packages(values: dict[str, Value], needs: Bounds, excludes: Bounds, *, disjunctive: bool) -> None:
    """Change the fields.  ``disjunctive``: depopts are alternatives only, as from 1.2 on."""
    depends = _merged(_operands(values.get("depends"), "&"), needs, all_of)
    conflicts = _merged(_atoms(values.get("conflicts")), excludes, any_of)
    depopts = [_atoms, _whole][not disjunctive](values.get("depopts"))
    for name, found in (("depends", depends), ("depopts", depopts), ("conflicts", conflicts)):
        flags = name != "conflicts"
        place = values.get(name)
        if found:
            start = found[0].start if place is None else place.start
            end = found[0].end if place is None else place.end
            values[name] = List(start, end, tuple(_upgraded(item, flags) for item in found))


def _whole(value: Value | None) -> list[Value]:
    if value is None:
        return []
    return list(value.items) if isinstance(value, List) else [value]


def _operands(value: Value | None, operator: str) -> list[Value]:
    """The operands of the outermost formula; the items of lists count as such."""
    match value:
        case None:
            return []
        case List() | Group():
            # Of several items in one pair of brackets the operator is that of the field.
            return [part for item in value.items for part in _operands(item, operator)]
        case Logical() if value.operator == operator:
            return [part for item in value.items for part in _operands(item, operator)]
    return [value]


def _atoms(value: Value | None) -> list[Value]:
    """All packages, whatever joins them: in 1.x an ``&`` between them was written but never meant."""
    match value:
        case None:
            return []
        case List() | Group() | Logical():
            return [atom for item in value.items for atom in _atoms(item)]
    return [value]


def _merged(items: list[Value], bounds: Bounds, join: Callable[..., Value | None]) -> list[Value]:
    """The packages with more conditions; those of packages that are not there come first, by name."""
    left = dict(bounds)
    found = []
    for item in items:
        name, condition = split_conditions(item)
        if isinstance(name, String) and name.value in left:
            item = with_conditions(name, join(condition, left.pop(name.value)))
        found.append(item)
    places = [bound for bound in bounds.values() if bound is not None]
    start = places[0].start if places else 0
    names = (with_conditions(String(start, start, name), left[name]) for name in sorted(left))
    return [*names, *found]


def _upgraded(item: Value, flags: bool) -> Value:
    """The conditions of packages with the variables of 2.0."""
    match item:
        case Option(start, end, inner, options):
            conditions = tuple(_condition(option, flags) for option in options)
            return Option(start, end, inner, conditions)
        case List(start, end, items):
            return List(start, end, tuple(_upgraded(one, flags) for one in items))
        case Group(start, end, items):
            return Group(start, end, tuple(_upgraded(one, flags) for one in items))
        case Logical(start, end, operator, items):
            return Logical(start, end, operator, tuple(_upgraded(one, flags) for one in items))
    return item


def _condition(value: Value, flags: bool) -> Value:
    """``test`` and ``doc`` are renamed in filters, not in what a version is compared with."""
    match value:
        case Logical(start, end, operator, items):
            return Logical(start, end, operator, tuple(_condition(one, flags) for one in items))
        case Group(start, end, items):
            return Group(start, end, tuple(_condition(one, flags) for one in items))
        case Prefix(start, end, operator, inner):
            return Prefix(start, end, operator, _condition(inner, flags))
        case PrefixRelation() | Relation():
            return with_variables(value if isinstance(value, PrefixRelation) or not flags else with_flags(value))
    return with_variables(with_flags(value) if flags else value)
