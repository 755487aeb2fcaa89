"""The smallest changes that would give a request a solution.

In the order in which they are preferred: a pin dropped, a hold released, another version of something asked for,
another invariant of the switch, another compiler, one thing less asked for, another target, and last what some recipe
says.  Each was tried before it is told: with it the whole request has a solution.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from xpkg.core.errors import NotFoundError
from xpkg.repo.machine_names import BUILD
from xpkg.solver.clauses import Asked, AskedFormula, Clauses, Conflicts, Group, Held, Invariant, Needs, Pinned, Removed
from xpkg.solver.exploration import Problem
from xpkg.solver.model import Atom, Instance, NoSolution, Request, VersionSet, on_machine
from xpkg.solver.protocol import Context, Need, needs_of
from xpkg.solver.trial import Trial
from xpkg.solver.version_ranges import shortly_listed

COMPILER = "ocaml"
_MOST = 4
_STANDING = (Pinned, Held, Invariant)
_BOUND_S = 0.5


class RelaxationKind(StrEnum):
    """What is changed."""

    PIN = "pin"
    HOLD = "hold"
    VERSION = "version"
    INVARIANT = "invariant"
    COMPILER = "compiler"
    REQUEST = "request"
    TARGET = "target"
    RECIPE = "recipe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxation:
    """``subject`` is what to change, or to take instead: a package, ``NAME.VERSION``, a target; ``text`` a sentence."""

    kind: RelaxationKind
    subject: str
    text: str

    def as_value(self) -> dict[str, str]:
        """The object that ``--json`` prints."""
        return {"kind": self.kind.value, "subject": self.subject, "text": self.text}


def relaxations(
    problem: Problem, clauses: Clauses, core: Sequence[int], *, bound_s: float = _BOUND_S
) -> tuple[Relaxation, ...]:
    """What would help against the minimal conflict ``core``, the best first, and at most four.

    No more are looked for after ``bound_s`` seconds of CPU time.
    """
    trial = Trial(problem, clauses, bound_s)
    groups = [(number, clauses.groups[number]) for number in core]
    found = tuple(islice(_changes(trial, problem, groups), _MOST))
    every = [(number, group) for number, group in enumerate(clauses.groups) if isinstance(group, _STANDING)]
    asked = [(number, group) for number, group in enumerate(clauses.groups) if isinstance(group, Asked)]
    return (
        found
        or tuple(_several(trial, every))
        or tuple(_several_requests(trial, asked))
        or tuple(islice(_recipes(trial, problem, groups), 1))
    )


def impossible_besides(
    problem: Problem, clauses: Clauses, core: Sequence[int], *, bound_s: float = _BOUND_S
) -> tuple[Atom, ...]:
    """What was asked for, is no part of the conflict, and cannot be had either, all else that was asked for apart."""
    trial = Trial(problem, clauses, bound_s)
    asked = {number: group.atom for number, group in enumerate(clauses.groups) if isinstance(group, Asked)}
    return tuple(
        atom
        for number, atom in asked.items()
        if number not in core and not trial.possible([other for other in asked if other != number])
    )


def on_other_targets(parts: Mapping[str, tuple[Request, Context]]) -> tuple[Relaxation, ...]:
    """Those targets for which what was asked for could be had: each with the request that asks for it there."""
    from xpkg.solver.solve import solve

    found = []
    for target, (request, context) in parts.items():
        try:
            solve(request, context)
        except (NoSolution, NotFoundError):
            continue
        text = f"it could be installed {on_machine(request.target or BUILD)}"
        found.append(Relaxation(kind=RelaxationKind.TARGET, subject=target, text=text))
    return tuple(found)


Numbered = Sequence[tuple[int, Group]]


def _changes(trial: Trial, problem: Problem, groups: Numbered) -> Iterator[Relaxation]:
    yield from _pins(trial, groups)
    yield from _holds(trial, groups)
    yield from _versions(trial, groups)
    yield from _invariants(trial, groups)
    yield from _compilers(trial, problem, groups)
    yield from _requests(trial, groups)


def _pins(trial: Trial, groups: Numbered) -> Iterator[Relaxation]:
    for number, group in groups:
        state = trial.state([number]) if isinstance(group, Pinned) else None
        if isinstance(group, Pinned) and state is not None:
            one = next((each for each in state if each.name == group.name), None)
            newest = one and trial.newest([number], (one.name, one.machine), group.version)
            text = f"without the pin of {group.name} to {group.version} it could be done{_with(newest or one)}"
            yield Relaxation(kind=RelaxationKind.PIN, subject=group.name, text=text)


def _holds(trial: Trial, groups: Numbered) -> Iterator[Relaxation]:
    for number, group in groups:
        if isinstance(group, Held) and trial.state([number]) is not None:
            one = group.instance
            newest = trial.newest([number], (one.name, one.machine), one.version)
            text = f"were {one.name} {one.version} not held as it is, it could be done{_with(newest)}"
            yield Relaxation(kind=RelaxationKind.HOLD, subject=one.name, text=text)


def _with(instance: Instance | None) -> str:
    return "" if instance is None else f", with {instance.name} {instance.version}"


def _versions(trial: Trial, groups: Numbered) -> Iterator[Relaxation]:
    """Other versions of what was asked for, the nearest one of each, least far ones first."""
    found = []
    for number, group in groups:
        wanted = _wanted(group)
        if wanted is None or wanted.versions is None:
            continue
        near = trial.nearest([number], wanted)
        if near is not None:
            away, one = near
            text = f"{one.name} {one.version} could be had instead of {wanted.name} {_plain(wanted.versions)}"
            subject = f"{one.name}.{one.version}"
            found.append((away, Relaxation(kind=RelaxationKind.VERSION, subject=subject, text=text)))
    yield from (one for _, one in sorted(found, key=lambda pair: pair[0]))


def _plain(versions: VersionSet) -> str:
    """``5`` for ``= 5``: one version needs no sign."""
    text = str(versions)
    return text.removeprefix("= ").strip('"') if text.startswith("= ") and "|" not in text else text


def _wanted(group: Group) -> Atom | Need | None:
    match group:
        case Asked(atom):
            return atom
        case AskedFormula(Need() as need):
            return need
    return None


def _invariants(trial: Trial, groups: Numbered) -> Iterator[Relaxation]:
    for number, group in groups:
        if isinstance(group, Invariant) and trial.state([number]) is not None:
            wanted = group.formula
            near = trial.nearest([number], wanted) if isinstance(wanted, Need) else None
            text = f"with another invariant than {wanted} it could be done{_with(near and near[1])}"
            subject = wanted.name if isinstance(wanted, Need) else str(wanted)
            yield Relaxation(kind=RelaxationKind.INVARIANT, subject=subject, text=text)


def _compilers(trial: Trial, problem: Problem, groups: Numbered) -> Iterator[Relaxation]:
    """A version of the compiler with which it works, where a pin, a hold or the invariant forbids that one."""
    key = next((key for key in problem.usable if key[0] == COMPILER), None)
    meant = [need.name for _, group in groups if isinstance(group, Needs) for need in needs_of(group.formula)]
    # A pin of the compiler itself is told with the version that would be taken.
    fixed = [number for number, group in groups if isinstance(group, _STANDING) and standing(group)[0] != COMPILER]
    for number in fixed if key is not None and COMPILER in meant else ():
        one = key and trial.newest([number], key)
        if one is not None:
            text = f"with {COMPILER} {one.version} it could be done"
            yield Relaxation(kind=RelaxationKind.COMPILER, subject=f"{COMPILER}.{one.version}", text=text)
            return


def _several(trial: Trial, stated: Numbered) -> Iterator[Relaxation]:
    """Pins, holds and the invariant, as few as possible, that stand in the way only together."""
    kinds = dict(stated)
    if len(kinds) < 2 or trial.state(kinds) is None:
        return
    for number in sorted(kinds):
        fewer = [other for other in kinds if other != number]
        if trial.state(fewer) is not None:
            del kinds[number]
    dropped = [standing(group) for group in kinds.values()]
    first = next(iter(kinds.values()))
    kind = RelaxationKind.PIN if isinstance(first, Pinned) else RelaxationKind.HOLD
    kind = RelaxationKind.INVARIANT if isinstance(first, Invariant) else kind
    subject = ", ".join(name for name, _ in dropped)
    text = f"without {shortly_listed([words for _, words in dropped])} it could be done"
    yield Relaxation(kind=kind, subject=subject, text=text)


def _several_requests(trial: Trial, asked: Numbered) -> Iterator[Relaxation]:
    """What to leave out, as little as possible, so that the rest of what was asked for could be had."""
    out = [number for number, _ in asked]
    if len(out) < 2 or trial.state(out) is None:
        return
    for number in list(out):
        fewer = [other for other in out if other != number]
        if trial.state(fewer) is not None:
            out = fewer
    if 0 < len(out) < len(asked):
        names = [group.atom.name for number, group in asked if number in out and isinstance(group, Asked)]
        text = f"without {shortly_listed(names)} the rest could be installed"
        yield Relaxation(kind=RelaxationKind.REQUEST, subject=", ".join(names), text=text)


def standing(group: Group) -> tuple[str, str]:
    """What it is about, and what it is called."""
    match group:
        case Pinned(name, version):
            return name, f"the pin of {name} to {version}"
        case Held(instance):
            return instance.name, f"the hold on {instance.name} {instance.version}"
        case Invariant(formula):
            return str(formula), f"the invariant {formula}"
    raise AssertionError(f"nothing that stands: {group}")


def _requests(trial: Trial, groups: Numbered) -> Iterator[Relaxation]:
    asked = [(number, group) for number, group in groups if isinstance(group, Asked | AskedFormula)]
    for number, group in reversed(asked) if len(asked) > 1 else ():
        if trial.state([number]) is not None:
            wanted = _wanted(group)
            name = wanted.name if wanted is not None else str(getattr(group, "formula", ""))
            text = f"without {name} the rest could be installed"
            yield Relaxation(kind=RelaxationKind.REQUEST, subject=name, text=text)
    for number, other in groups:
        if isinstance(other, Removed) and trial.state([number]) is not None:
            text = f"were {other.name} kept, the rest could be done"
            yield Relaxation(kind=RelaxationKind.REQUEST, subject=other.name, text=text)


def _recipes(trial: Trial, problem: Problem, groups: Numbered) -> Iterator[Relaxation]:
    for number, group in sorted(groups, key=lambda one: (_newest_of(problem, one[1]), -one[0])):
        allowance = _allowance(trial, number, group)
        if allowance and isinstance(group, Needs | Conflicts):
            one = group.instances[0]
            those = f"{one.name} {one.version}" if len(group.instances) == 1 else one.name
            text = f"it could be installed if {those} {allowance}"
            yield Relaxation(kind=RelaxationKind.RECIPE, subject=one.name, text=text)


def _newest_of(problem: Problem, group: Group) -> int:
    """How many versions are newer than the newest one that a group speaks of: of the newest it is told first."""
    if not isinstance(group, Needs | Conflicts):
        return 0
    one = group.instances[0]
    return problem.usable[one.name, one.machine].index(one)


def _allowance(trial: Trial, number: int, group: Group) -> str:
    match group:
        case Conflicts(_, need) if trial.state([number]) is not None:
            return f"did not conflict with {need}"
        case Needs(instances, Need() as need) if need.versions is not None:
            found = trial.accepting(number, instances, need)
            return f"accepted {found.name} {found.version}" if found is not None else ""
    return ""
