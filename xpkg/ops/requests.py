"""From what a user asks for to requests of the solver: package names with constraints, for one pair of machines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from xpkg.core.text import did_you_mean
from xpkg.ops.spelling import read_spelling
from xpkg.repo.universe import UnknownPackage
from xpkg.repo.versions import Compare
from xpkg.solver.context import RepoContext
from xpkg.solver.model import Atom, Exactly, Instance, NoSolution, Request, VersionSet
from xpkg.solver.protocol import Candidate, Need

if TYPE_CHECKING:
    from xpkg.ops.asking import Ask
    from xpkg.ops.home import Home
    from xpkg.ops.pairs import Pair
    from xpkg.ops.present import Present
    from xpkg.repo.universe import Universe
    from xpkg.solver.model import Solution

_MOST_UNKNOWN = 20


def parse_spelling(spelling: str) -> tuple[str, VersionSet | None]:
    """Read what the user wrote for one package; UsageError says what forms there are."""
    found = read_spelling(spelling)
    if found.operator is None:
        return found.name, None
    return found.name, Exactly(found.version) if found.operator == "=" else Compare(found.operator, found.version)


def install_atoms(home: Home, pair: Pair, spellings: Sequence[str]) -> tuple[Atom, ...]:
    """The atoms for ``xpkg install`` from all repositories; see `atoms_for`."""
    context = RepoContext(home.universe, None if pair.target is None else home.target(pair.target))
    return atoms_for(home.universe, context, pair, spellings)


def atoms_for(universe: Universe, context: RepoContext, pair: Pair, spellings: Sequence[str]) -> tuple[Atom, ...]:
    """The atoms that spellings mean: on the target, or on the build machine for what runs there.

    UsageError for what is no spelling.  UnknownPackage with the nearest names, or when no version fits, with the
    versions there are; all that is unknown is told at once.
    """
    parsed = [parse_spelling(spelling) for spelling in dict.fromkeys(spellings)]
    found, unknown = [], []
    for name, wanted in parsed:
        try:
            _check(universe, name, wanted)
        except UnknownPackage as error:
            unknown.append(error)
            continue
        # What only ever runs on the build machine goes there, whatever the target.
        found.append(context.asked(name, wanted))
    if unknown:
        raise all_unknown(unknown)
    return tuple(found)


def _check(universe: Universe, name: str, wanted: VersionSet | None) -> None:
    provided = [one.provided for one in universe.providers(name)]
    real = not provided or universe.repositories_of(name)
    versions = tuple(dict.fromkeys((*(universe.versions(name) if real else ()), *provided)))
    if wanted is not None and not any(wanted.allows(version) for version in versions):
        raise UnknownPackage(
            f"no version of {name} is {wanted}",
            reference="unknown-version",
            context=(("versions", ", ".join(versions)),),
            hint=did_you_mean(str(wanted).removeprefix("= "), versions),
        )


def all_unknown(errors: Sequence[UnknownPackage], summary: str = "packages asked for do not exist") -> UnknownPackage:
    """One error for several, told up to a screenful."""
    if len(errors) == 1:
        return errors[0]
    told = [("unknown", f"{one.message}{f' ({one.hint})' if one.hint else ''}") for one in errors[:_MOST_UNKNOWN]]
    if len(errors) > _MOST_UNKNOWN:
        told.append(("unknown", f"{len(errors) - _MOST_UNKNOWN} others"))
    references = {one.reference for one in errors}
    reference = references.pop() if len(references) == 1 else UnknownPackage.reference
    return UnknownPackage(f"{len(errors)} of the {summary}", reference=reference, context=tuple(told))


def removal(pair: Pair, spellings: Sequence[str], installed: Sequence[Instance]) -> tuple[tuple[str, str], ...]:
    """The (name, machine) pairs for ``xpkg remove``; UnknownPackage for what is not installed."""
    return tuple(dict.fromkeys((one.name, one.machine) for one in installed_as(pair, spellings, installed)))


def installed_as(pair: Pair, spellings: Iterable[str], installed: Sequence[Instance]) -> tuple[Instance, ...]:
    """The installed instances that spellings mean, on every machine; UnknownPackage for what is not installed."""
    found: list[Instance] = []
    unknown = []
    for spelling in spellings:
        name, wanted = parse_spelling(spelling)
        matching = [one for one in installed if one.name == name and (wanted is None or wanted.allows(one.version))]
        if not matching:
            unknown.append(_not_installed(pair, spelling, name, installed))
        found += matching
    if unknown:
        raise all_unknown(unknown, "packages named are not installed")
    return tuple(dict.fromkeys(found))


def _not_installed(pair: Pair, spelling: str, name: str, installed: Sequence[Instance]) -> UnknownPackage:
    return UnknownPackage(
        f"{spelling} is not installed for {pair.machine}",
        reference="not-installed",
        hint=did_you_mean(name, [one.name for one in installed]),
    )


def request_for(pair: Pair, here: Present) -> Request:
    """A request that asks for nothing new: what is there stays."""
    return Request(target=pair.target, installed=here.instances, roots=here.roots)


def asked(base: Request, ask: Ask, universe: Universe, context: RepoContext, pair: Pair) -> Request:
    """``base`` with what is asked for; of an upgrade of some packages see `upgraded`."""
    match ask.verb:
        case "install":
            atoms = atoms_for(universe, context, pair, ask.packages)
            related = frozenset(key for atom in atoms for key in atom.keys) if base.installed else frozenset()
            return replace(base, install=atoms, best_effort=ask.best_effort, related=related)
        case "remove":
            gone = removal(pair, ask.packages, base.installed)
            return replace(base, remove=gone, prune=True, related=frozenset(gone))
        case "upgrade":
            return replace(base, upgrade=True)
        case "reinstall":
            again = installed_as(pair, ask.packages, base.installed)
            pinned = dict(base.pins)
            staying = [one for one in base.installed if pinned.get(one.name, one.version) == one.version]
            held = tuple(dict.fromkeys((*base.held, *staying)))
            return replace(base, held=held, related=frozenset((one.name, one.machine) for one in again))


def by_recipe(request: Request, spellings: Sequence[str]) -> Request:
    """The request with no leave for the packages named to stay as they were built, whatever their recipes say now."""
    names = {parse_spelling(spelling)[0] for spelling in spellings}
    return replace(request, built=tuple(one for one in request.built if one[0].name not in names))


def not_again(refusal: NoSolution, spellings: Sequence[str]) -> NoSolution:
    """Why something cannot be built once more, where all that is installed stays."""
    names = ", ".join(spellings)
    error = NoSolution(
        f"{names} cannot be built again while all that is installed stays as it is",
        chain=tuple(one.replace(" is held as it is", " is to stay") for one in refusal.chain),
        besides=refusal.besides,
    )
    error.hint = f"xpkg upgrade {' '.join(spellings)} changes what is installed where it must"
    return error


def named_in(request: Request, solution: Solution) -> frozenset[Instance]:
    """What of a solution was asked for by name just now."""
    keys = {key for atom in request.install for key in atom.keys}
    return frozenset(one for one in solution.instances if (one.name, one.machine) in keys)


def upgraded(base: Request, context: RepoContext, pair: Pair, spellings: Sequence[str], *, strict: bool) -> Request:
    """``base`` with some packages in newer versions (``OpamClient.upgrade_t``).

    ``strict`` insists on a newer version wherever there is one that can be had at all; else each may stay as it is.
    Nothing that was asked for by name goes away for it.  UnknownPackage for what is not installed or does not exist,
    UsageError for what is older.
    """
    atoms, related = [], set()
    installed_as(pair, [parse_spelling(spelling)[0] for spelling in spellings], base.installed)  # or told all at once
    for spelling in spellings:
        name, wanted = parse_spelling(spelling)
        for one in installed_as(pair, [name], base.installed):
            related.add((name, one.machine))
            if wanted is not None or context.versions(name):  # else it can only stay
                versions = _versions(base, context, one, wanted, strict=strict)
                atoms.append(Atom(name=name, machine=one.machine, versions=versions))
    kept = tuple(
        Need(name=one.name, machine=one.machine) for one in base.roots if (one.name, one.machine) not in related
    )
    names = frozenset(name for name, _ in related)
    return replace(base, install=tuple(atoms), upgrade_names=names, related=frozenset(related), formulas=kept)


def _versions(
    base: Request, context: RepoContext, one: Instance, wanted: VersionSet | None, *, strict: bool
) -> VersionSet | None:
    """The versions that an installed package may have after its upgrade."""
    if wanted is not None:
        from xpkg.ops.no_older import no_older

        return no_older(context, one, wanted)
    if any(name == one.name for name, _ in base.pins):
        return None  # the pin says it, be it an older one
    if one.version not in context.versions(one.name):  # what there is, also an older one
        return Compare("!=", one.version) if strict else None
    return Compare(">" if strict and _has_newer(context, one) else ">=", one.version)


def _has_newer(context: RepoContext, one: Instance) -> bool:
    """Whether a newer version can be had that is no last resort."""
    above = Compare(">", one.version)
    newer = [version for version in context.versions(one.name) if above.allows(version)]
    answers = [context.candidate(replace(one, version=version), requested=True) for version in newer]
    known = [answer for answer in answers if isinstance(answer, Candidate)]
    return any(answer.avoided is None for answer in known) or (bool(known) and _is_avoided(context, one))


def _is_avoided(context: RepoContext, one: Instance) -> bool:
    """Whether what is installed is a last resort itself, so that newer ones are no worse."""
    answer = context.candidate(one, requested=True) if one.version in context.versions(one.name) else None
    return isinstance(answer, Candidate) and answer.avoided is not None
