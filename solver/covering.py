"""Which of many questions "can these hold?" are answered with yes, in few calls of the solver.

A model answers every question that it contains.  So clingo is told to try what is still open first and to make it
true (its domain heuristic), and nothing is optimised: a universe of 18,800 versions takes about 200 models, since a
name has one version in each.

Importing this module imports clingo and networkx.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import clingo
import networkx as nx
from clingo.backend import HeuristicType

from xpkg.solver.clauses import forbid_cycle
from xpkg.solver.engine import load
from xpkg.solver.exploration import Key
from xpkg.solver.model import Instance
from xpkg.solver.ordering import edges_of, requires, shortest_cycle
from xpkg.solver.protocol import Candidate, needs_of
from xpkg.solver.survey import Survey

Question = tuple[int, ...]
"""Variables, one or more, that must hold together."""

# Sums over few variables as clauses, and no preprocessing of each call: measured 2 times as fast here.
_OPTIONS = ("--warn=none", "--heuristic=Domain", "--trans-ext=all", "--eq=0")
_POLL_S = 0.1


class Cover:
    """Answers questions about one survey.  It forbids the cycles it meets in the survey's clauses."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        candidates = survey.problem.candidates
        self._candidates = {variable: candidates[one] for one, variable in survey.clauses.variable.items()}
        entangled = _entangled(candidates.values())
        self._entangled = {
            variable for one, variable in survey.clauses.variable.items() if (one.name, one.machine) in entangled
        }
        self._control = clingo.Control(_OPTIONS)
        load(self._control, survey.clauses, (), guards=())

    def impossible(self, questions: Sequence[Question], tell: Callable[[int], None]) -> list[int]:
        """The indices of the questions to which the answer is no; ``tell`` is given how many more are answered."""
        self._prefer({variable for question in questions for variable in question})
        unanswered = set(range(len(questions)))
        by_variable: dict[int, list[int]] = {}
        for index, question in enumerate(questions):
            by_variable.setdefault(question[0], []).append(index)
        found = []
        for index, question in enumerate(questions):
            while index in unanswered:
                true = self._model(question)
                if true is None:
                    found.append(index)
                    answered = {index}
                else:
                    settled = self._settled(true)
                    touched = {number for variable in settled for number in by_variable.get(variable, ())}
                    answered = {number for number in touched & unanswered if settled.issuperset(questions[number])}
                    self._neglect({variable for number in answered for variable in questions[number]})
                unanswered -= answered
                tell(len(answered))
        return found

    def _model(self, question: Question) -> set[int] | None:
        """The instances' variables of a model that contains the question, or None."""
        found: list[set[int]] = []

        def remember(model: clingo.Model) -> None:
            found.append({variable for variable in self._candidates if model.is_true(variable)})

        # In a thread of clingo's, so that an interrupt from the keyboard is seen while it works.
        with self._control.solve(assumptions=question, on_model=remember, async_=True) as handle:
            while not handle.wait(_POLL_S):
                pass
            handle.get()
        return found[0] if found else None

    def _settled(self, true: set[int]) -> set[int]:
        """The part of a model that is a solution: without what leads to a cycle.  The cycles are forbidden.

        A cycle is one in every state that has its instances, so no question's answer changes by that.
        """
        cycles = list(_cycles([self._candidates[variable] for variable in sorted(true & self._entangled)]))
        if not cycles:
            return true
        clauses = self._survey.clauses
        with self._control.backend() as backend:
            for cycle in cycles:
                forbid_cycle(clauses, cycle)
                backend.add_rule([], [-literal for literal in clauses.rows[-1][0]])
        if self._survey.problem.request.install:
            return set()  # what is asked for in any case may lead to the cycle
        chosen = [self._candidates[variable] for variable in sorted(true)]
        leading = _leading_to({one for cycle in cycles for one in cycle}, chosen)
        return {variable for variable in true if self._candidates[variable].instance not in leading}

    def _prefer(self, variables: Iterable[int]) -> None:
        self._advise(variables, level=1, sign=1, priority=1)

    def _neglect(self, variables: Iterable[int]) -> None:
        self._advise(variables, level=0, sign=-1, priority=2)

    def _advise(self, variables: Iterable[int], *, level: int, sign: int, priority: int) -> None:
        with self._control.backend() as backend:
            for variable in sorted(variables):
                backend.add_heuristic(variable, HeuristicType.Level, level, priority, [])
                backend.add_heuristic(variable, HeuristicType.Sign, sign, priority, [])


def _order_graph(candidates: Iterable[Candidate]) -> nx.DiGraph[Key]:
    """Which names may have to wait for which, in some version."""
    graph: nx.DiGraph[Key] = nx.DiGraph()
    for candidate in candidates:
        own = (candidate.instance.name, candidate.instance.machine)
        for need in (*needs_of(candidate.depends), *candidate.optional):
            if not need.post:
                graph.add_edge(own, (need.name, need.machine))
    return graph


def _entangled(candidates: Iterable[Candidate]) -> frozenset[Key]:
    """The names that may be on a cycle in some state: few, so the rest of a model need not be looked at."""
    components = nx.strongly_connected_components(_order_graph(candidates))
    return frozenset(key for component in components if len(component) > 1 for key in component)


def _cycles(candidates: Sequence[Candidate]) -> Iterator[tuple[Instance, ...]]:
    """A cycle out of every knot of a state."""
    edges = edges_of(candidates)
    graph: nx.DiGraph[Instance] = nx.DiGraph((one, other) for one in edges for other in requires(edges[one]))
    for knot in nx.strongly_connected_components(graph):
        if len(knot) > 1:
            inside = {one: tuple(edge for edge in edges[one] if edge.needed in knot) for one in sorted(knot)}
            yield shortest_cycle(inside)


def _leading_to(instances: set[Instance], candidates: Sequence[Candidate]) -> set[Instance]:
    """The instances of a state that need one of these, by whatever way."""
    graph: nx.DiGraph[Instance] = nx.DiGraph()
    graph.add_nodes_from(instances)
    edges = edges_of(candidates)
    graph.add_edges_from((edge.needed, one) for one in edges for edge in edges[one])
    return instances.union(*(nx.descendants(graph, one) for one in instances))
