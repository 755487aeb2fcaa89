"""Which versions of the repositories can be installed at all, and which sets of them together.

The question is the solver's: of a switch in which nothing is installed yet, on a pair of machines.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from xpkg.ops.home import Home
from xpkg.ops.pairs import Pair
from xpkg.ops.requests import install_atoms
from xpkg.ops.shards import Tell, in_shards, processors
from xpkg.ops.spelling import read_spelling
from xpkg.solver.context import RepoContext
from xpkg.solver.model import Atom, Exactly, Instance, NoSolution, Request
from xpkg.solver.obstacles import Kind, Obstacle, obstacles
from xpkg.solver.solve import solve
from xpkg.solver.survey import survey

Version = tuple[str, str]
"""Name and version."""

_FEW = 200
"""So many questions are answered before another process has started."""


class CheckProgress(Protocol):
    """Told how far a check is, in versions, always from the thread that asked for it."""

    def __call__(self, done: int, total: int) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Uninstallable:
    """A version that cannot be installed; ``chain`` explains it from the request on, where that was asked for."""

    name: str
    version: str
    obstacle: Obstacle
    chain: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """How many versions were looked at, and which of them cannot be installed, by name, the newest first."""

    checked: int
    uninstallable: tuple[Uninstallable, ...]


def examine(
    home: Home,
    pair: Pair,
    wanted: Sequence[Version] | None = None,
    progress: CheckProgress | None = None,
    *,
    jobs: int | None = None,
    explained: int = 0,
) -> Examined:
    """Which of ``wanted`` (all versions when None) cannot be installed on their own, and why.

    A version is asked for on the machines where its package belongs.  ``explained`` of them are explained in full: the
    first of each name and reason.
    """
    versions = _all_versions(home) if wanted is None else wanted
    check = _Check(home, pair, versions, ())
    failed = check.failed(progress, jobs)
    found = obstacles(check.survey, check.context, {one: check.asked[one] for one in failed})
    first = {(name, found[name, version]): version for name, version in reversed(failed)}
    telling = [one for one in failed if found[one].kind is not Kind.UNAVAILABLE and first[one[0], found[one]] == one[1]]
    chains = {one: check.explain(one) for one in telling[:explained]}
    return Examined(
        checked=len(versions),
        uninstallable=tuple(
            Uninstallable(name=one[0], version=one[1], obstacle=found[one], chain=chains.get(one, ())) for one in failed
        ),
    )


def installable_versions(
    home: Home, pair: Pair, wanted: Sequence[Version] | None, progress: CheckProgress | None = None
) -> dict[Version, bool]:
    """For each (name, version) of ``wanted``, or of all repositories, whether it can be installed on its own."""
    return _answers(home, pair, wanted, (), progress)


def coinstallable_versions(
    home: Home,
    pair: Pair,
    atoms: Sequence[Atom],
    wanted: Sequence[Version] | None = None,
    progress: CheckProgress | None = None,
) -> dict[Version, bool]:
    """For each (name, version) of ``wanted``, or of all repositories, whether it can be there beside ``atoms``."""
    return _answers(home, pair, wanted, tuple(atoms), progress)


def coinstallable_with(
    home: Home, pair: Pair, atoms: Sequence[Atom], progress: CheckProgress | None = None
) -> set[str]:
    """The names of which some version can be installed together with all of ``atoms``."""
    return {name for (name, _), can in coinstallable_versions(home, pair, atoms, None, progress).items() if can}


def why_not_together(home: Home, pair: Pair, spellings: Sequence[str]) -> NoSolution | None:
    """Why packages cannot be installed together; None when they can."""
    request = Request(target=pair.target, install=install_atoms(home, pair, spellings))
    try:
        solve(request, _context(home, pair))
    except NoSolution as reason:
        return reason
    return None


def versions_meant(home: Home, spellings: Sequence[str], repository: str | None) -> list[Version] | None:
    """The versions that a command line names, by name, the newest first; None for all there are.

    ``repository`` leaves those for which that repository decides.
    """
    if not spellings and repository is None:
        return None
    if not spellings:
        chosen = _all_versions(home)
    else:
        named = [(one.name, one.versions(home.universe)) for one in map(read_spelling, spellings)]
        chosen = list(dict.fromkeys((name, version) for name, versions in named for version in versions))
    return [one for one in chosen if repository in (None, home.universe.entry(*one).repository)]


def _all_versions(home: Home) -> list[Version]:
    return [(name, version) for name in home.universe.names() for version in home.universe.versions(name)]


def _context(home: Home, pair: Pair) -> RepoContext:
    return RepoContext(home.universe, None if pair.target is None else home.target(pair.target))


def _answers(
    home: Home, pair: Pair, wanted: Sequence[Version] | None, beside: tuple[Atom, ...], progress: CheckProgress | None
) -> dict[Version, bool]:
    versions = _all_versions(home) if wanted is None else wanted
    failed = set(_Check(home, pair, versions, beside).failed(progress, None))
    return {one: one not in failed for one in versions}


class _Check:
    """Versions to ask about, and the problem they span."""

    def __init__(self, home: Home, pair: Pair, versions: Sequence[Version], beside: tuple[Atom, ...]) -> None:
        self.context = _context(home, pair)
        self._target = pair.target
        machines = {name: self.context.machines_for(name) for name in dict.fromkeys(name for name, _ in versions)}
        self.asked = {
            (name, version): tuple(Instance(name=name, version=version, machine=machine) for machine in machines[name])
            for name, version in versions
        }
        keys = [(name, machine) for name, on in machines.items() for machine in on]
        with _without_collecting():
            self.survey = survey(keys, self.context, pair.target, beside)

    def failed(self, progress: CheckProgress | None, jobs: int | None) -> list[Version]:
        """The versions that cannot be there, in the order given."""
        answer = {one: self.survey.variables(instances) for one, instances in self.asked.items()}
        open_ = [(one, question) for one, question in answer.items() if question is not None]
        questions = [question for _, question in open_]
        shards = 1 if len(questions) <= _FEW else jobs or processors()
        tell = _Tally(progress, len(answer), len(answer) - len(questions))
        impossible = in_shards(self._impossible, questions, shards, tell) if questions else []
        failed = {open_[position][0] for position in impossible}
        return [one for one, question in answer.items() if question is None or one in failed]

    def _impossible(self, questions: Sequence[tuple[int, ...]], tell: Tell) -> list[int]:
        from xpkg.solver.covering import Cover  # imports clingo

        return Cover(self.survey).impossible(questions, tell)

    def explain(self, version: Version) -> tuple[str, ...]:
        """The solver's own explanation, of a version that cannot be installed."""
        atoms = (Atom(name=one.name, machine=one.machine, versions=Exactly(one.version)) for one in self.asked[version])
        try:
            solve(Request(target=self._target, install=tuple(atoms)), self.context)
        except NoSolution as reason:
            return reason.chain
        raise AssertionError(f"the check and the solver differ over {' '.join(version)}")


class _Tally:
    """Adds up what is done."""

    def __init__(self, progress: CheckProgress | None, total: int, done: int) -> None:
        self._progress, self._total, self._done = progress, total, done

    def __call__(self, more: int) -> None:
        self._done += more
        if self._progress is not None:
            self._progress(self._done, self._total)


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Millions of small values are made that all stay: looking for garbage among them again and again is in vain.

    What is there by then is left alone afterwards, too, so that forked processes share it.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()
