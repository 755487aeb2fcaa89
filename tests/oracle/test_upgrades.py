"""Installs, upgrades, removals, reinstallations in switches of a few packages: answers as good as the installed opam's.

Same means: of the same cost in the criteria that opam reports for its own request, judged over what opam hands its
solver (`tests.oracle.cudf`).  Which of several best answers is taken is each one's own choice.

What is known to differ, each found in opam's sources:

* Where the best state has a cycle of builds, opam says so and gives up; we look for the best one without.  And opam
  looks for cycles only among what changes: it may leave a state that could not be built anew (OpamCudf.atomic_actions).
* opam 2.1 has `upgrade` refuse to lower or remove anything, and `remove` take away all dependents; 2.2 and later prefer
  what changes least, as we do.  There we may be better, never worse.
* `reinstall` of ours repairs nothing; here it is asked as opam does it.  opam's `upgrade a` lets what was asked for by
  name go, ours rather leaves a as it is; here it is asked as opam does it.
* opam refuses best effort where one name has no version that is available; ours leaves that name out.
* Best effort of opam 2.1 is content with any version of a name, later ones with the versions asked for, as ours.
* `remove -a` works out beforehand what nothing will need any more; we drop what turns out to be needed by nothing.
* Dropping unrelated changes, opam overlooks needs that are {post} (OpamCudf.trim_actions) and may leave them unmet.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping

import pytest

from tests.oracle import small_repositories
from tests.oracle.cudf import Cudf, State
from tests.oracle.opam import Opam
from tests.oracle.ours import Ours
from tests.oracle.small_repositories import Made
from tests.oracle.switches import Answer, SwitchOfOpam, name_in

_COMMANDS = 4  # in each switch


class Switch:
    """A repository made up from a seed, and a switch over it."""

    def __init__(self, opam: Opam, seed: int) -> None:
        self.dice = random.Random(seed)
        self.made: Made = small_repositories.repository(self.dice)
        self.invariant = self.dice.choice(("", "", "", self.dice.choice(self.made.names)))
        opam.load(self.made.recipes)
        self.theirs = SwitchOfOpam(opam)
        self.theirs.become({}, ())
        order = self.dice.sample(self.made.names, len(self.made.names))
        some = order[: self.dice.randint(0, len(order))]
        self.before = small_repositories.state(self.dice, self.made, self.theirs.cudf(), some)
        self.roots = [name for name in self.before if self.dice.random() < 0.6]
        if self.invariant not in self.before:
            self.invariant = ""
        self.theirs.become(self.before, self.roots, f'"{self.invariant}"' if self.invariant else "")
        self.cudf: Cudf = self.theirs.cudf()
        self.ours = Ours(opam.repository, self.invariant)

    def compare(self, command: tuple[str, ...]) -> str:
        """What came of it: in one word where the two agree, else a whole story that begins with a capital letter."""
        if "--best-effort" in command and self.theirs.opam.version < (2, 2):
            command = tuple(word if word.startswith("-") else name_in(word) for word in command)
        theirs = self.theirs.ask(*command)
        mine = self.ours.ask(command, self.before, self.roots)
        verdict = self._verdict(command, theirs, mine)
        return verdict if verdict.islower() else self._told(verdict, command, theirs, mine)

    def _verdict(self, command: tuple[str, ...], theirs: Answer, mine: State | None) -> str:
        if mine is not None and (wrong := self._wrong(mine)):
            return f"Ours breaks {wrong}"
        if theirs.after is None:
            return self._verdict_without(theirs, mine)
        if self.made.cyclic(theirs.after) or self.cudf.broken(theirs.after):
            return "unsound"
        if mine is None:
            return "Only opam has an answer"
        if mine == theirs.after:
            return "same"
        return self._verdict_on_cost(command, theirs, mine, theirs.after)

    def _verdict_without(self, theirs: Answer, mine: State | None) -> str:
        """opam has no answer."""
        if theirs.cyclic:
            return "cyclic"
        if mine is None:
            return "impossible"
        if not theirs.criteria:
            return "refused"
        return "Only we have an answer" if theirs.allows(self.before, mine, self.cudf) else "better"

    def _verdict_on_cost(self, command: tuple[str, ...], theirs: Answer, mine: State, after: State) -> str:
        assert theirs.criteria, theirs.said
        if "-a" in command:
            mine, after = (_needed(self.cudf, state, self.roots) for state in (mine, after))
        # Best effort asks opam's solver for nothing, and counts what is met instead.
        best = "--best-effort" in command
        mentioned = () if best else theirs.mentioned
        criteria = theirs.criteria.removeprefix("+count[opam-query:,false],")
        cost, least = (self.cudf.cost(criteria, self.before, state, mentioned) for state in (mine, after))
        if best:
            cost, least = (-self._met(command, mine), *cost), (-self._met(command, after), *least)
        if cost == least:
            return "equal"
        if cost < least and not theirs.allows(self.before, mine, self.cudf):
            return "better"
        return f"Ours costs {cost}, opam's {least}"

    def _met(self, command: tuple[str, ...], state: State) -> int:
        """How many of the packages asked for are there as asked."""
        return sum(self.made.fits(one, state.get(name_in(one))) for one in command if one.startswith("p"))

    def _wrong(self, state: State) -> list[str]:
        lost = [self.invariant] if self.invariant and self.invariant not in state else []
        return self.cudf.broken(state) + lost + (["its order: a cycle"] if self.made.certainly_cyclic(state) else [])

    def _told(self, verdict: str, command: Iterable[str], theirs: Answer, mine: State | None) -> str:
        lines = [
            f"{verdict}: {' '.join(command)}",
            f"  before {dict(self.before)} roots {self.roots} invariant {self.invariant}",
            f"  opam {theirs.after} ({theirs.criteria}; {sorted(theirs.mentioned)})",
            f"  ours {mine}",
        ]
        lines += [f"    {name}: {'; '.join(text.splitlines())}" for name, text in self.made.recipes.items()]
        return "\n".join(lines)


def _needed(cudf: Cudf, state: State, roots: Iterable[str]) -> Mapping[str, str]:
    """What the roots that are there need, with every alternative that is met."""
    found: dict[str, str] = {}
    queue = [name for name in roots if name in state]
    numbers = {name: cudf.packages[name, version].number for name, version in state.items()}
    while queue:
        name = queue.pop()
        if name not in found:
            found[name] = state[name]
            clauses = cudf.packages[name, state[name]].depends
            queue += [bound.name for clause in clauses for bound in clause if bound.met(numbers)]
    return found


@pytest.mark.timeout(300)
@pytest.mark.parametrize("chunk", range(4))
def test_small_switches(opam: Opam, chunk: int) -> None:
    outcomes: Counter[str] = Counter()
    for seed in range(1000 * chunk, 1000 * chunk + 20):
        switch = Switch(opam, seed)
        for _ in range(_COMMANDS):
            outcomes[switch.compare(small_repositories.command(switch.dice, switch.made, switch.before))] += 1
    wrong = [story for story in outcomes if not story.islower()]
    assert not wrong, "\n\n".join(wrong)
    compared = outcomes["same"] + outcomes["equal"] + outcomes["better"] + outcomes["impossible"]
    assert compared >= 70, outcomes
    assert outcomes["same"] >= 40, outcomes
    assert outcomes["unsound"] <= 4, outcomes
