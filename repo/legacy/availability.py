"""``available`` of opam 1.x says which compilers serve; in 2.0 compilers are packages, so that parts of it become
``depends`` and ``conflicts`` (``OpamFormatUpgrade.opam_file_from_1_2_to_2_0``).
"""

from __future__ import annotations

from dataclasses import dataclass

from xpkg.repo.legacy.terms import all_of, any_of, joined
from xpkg.repo.opamfile.values import Bool, Group, Ident, Logical, Prefix, PrefixRelation, Relation, String, Value

_NEGATED = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_TURNED = {"=": "=", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}

Bounds = dict[str, Value | None]
"""Package names with a condition on the version, None for any version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """What an ``available`` comes to: packages that are needed, packages excluded, and the filter that is left."""

    needs: Bounds
    excludes: Bounds
    filter: Value | None


def compilers_of(available: Value) -> Availability:
    """Take the conditions on compilers out of a filter."""
    return _split(_distributed(available, negate=False))


def _distributed(value: Value, *, negate: bool) -> Value:
    """Negations inside (``OpamFilter.distribute_negations``)."""
    match value:
        case Group(items=(inner,)):
            return _distributed(inner, negate=negate)
        case Logical(start, end, operator, items):
            if negate:
                operator = "|" if operator == "&" else "&"
            whole = joined(operator, (_distributed(item, negate=negate) for item in items))
            return value if whole is None else whole
        case Bool(start, end, truth):
            return Bool(start, end, truth != negate)
        case Relation(start, end, operator, left, right):
            return Relation(start, end, _NEGATED[operator] if negate else operator, left, right)
        case Prefix(operator="!"):
            return _distributed(value.value, negate=not negate)
    return Prefix(value.start, value.end, "!", value) if negate else value


def _split(value: Value) -> Availability:
    match value:
        case Group(items=(inner,)):
            return _split(inner)
        case Logical(operator="&"):
            return _conjunction([_split(item) for item in value.items])
        case Logical(operator="|"):
            return _disjunction([_split(item) for item in value.items])
        case Relation(start, end, operator, String() as left, Ident() as right):
            return _comparison(Relation(start, end, _TURNED[operator], right, left))
        case Relation(left=Ident(), right=String()):
            return _comparison(value)
        case Ident(name="preinstalled"):
            return Availability(needs={"ocaml-system": None}, excludes={}, filter=None)
        case Prefix(operator="!", value=Ident(name="preinstalled")):
            return Availability(needs={}, excludes={"ocaml-system": None}, filter=None)
    return Availability(needs={}, excludes={}, filter=value)


def _comparison(relation: Relation) -> Availability:
    """``ocaml-version`` is the version of the package ocaml, ``compiler`` names one that provides it."""
    version = relation.right
    name = relation.left.name if isinstance(relation.left, Ident) else ""
    if name == "ocaml-version":
        bound = PrefixRelation(relation.start, relation.end, relation.operator, version)
        return Availability(needs={"ocaml": bound}, excludes={}, filter=None)
    if name != "compiler" or not isinstance(version, String):
        return Availability(needs={}, excludes={}, filter=relation)
    excluded = relation.operator == "!="
    package = "ocaml-variants" if "+" in version.value else "ocaml-base-compiler"
    operator = "=" if excluded else relation.operator
    named: Bounds = {package: PrefixRelation(relation.start, relation.end, operator, version)}
    if version.value == "system":
        named = {"ocaml-system": None}
    return Availability(needs={} if excluded else named, excludes=named if excluded else {}, filter=None)


def _conjunction(found: list[Availability]) -> Availability:
    return Availability(
        needs=_merged([one.needs for one in found], "&"),
        excludes=_merged([one.excludes for one in found], "|"),
        filter=all_of(*(one.filter for one in found)),
    )


def _disjunction(found: list[Availability]) -> Availability:
    """An alternative of a package and a filter cannot be said in 2.0; as opam, both are asked for."""
    return Availability(
        needs=_merged([one.needs for one in found], "|"),
        excludes=_merged([one.excludes for one in found], "&"),
        filter=any_of(*(one.filter for one in found)),
    )


def _merged(bounds: list[Bounds], operator: str) -> Bounds:
    """The conditions of one package joined; no condition adds nothing to either operator, as in opam."""
    names = dict.fromkeys(name for one in bounds for name in one)
    join = all_of if operator == "&" else any_of
    return {name: join(*(one[name] for one in bounds if name in one)) for name in names}
