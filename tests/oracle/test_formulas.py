"""Generated formulas of depends, depopts and conflicts, as the solver and the listings of the installed opam have them.

``test_universe.py`` does the same for every formula of the public repository.
"""

from __future__ import annotations

import random

from tests.oracle.clauses import Numbering
from tests.oracle.opam import Opam
from tests.oracle.probe import GLOBALS, variables_text, written
from xpkg.repo.expressions import Join, formula_of
from xpkg.repo.formulas import And, Formula, Or, Resolved, exclude, needs, resolve, select
from xpkg.repo.interpolate import Environment, Value
from xpkg.repo.opamfile.file import parse

COUNT = 700
NAMES = ("a", "b", "c", "missing")
EXISTING = {"a": ("1", "1.5", "2", "3"), "b": ("0.9", "1.0", "1.10"), "c": ("2",)}
_VARIABLES = ("t", "f", "s", "st", "sf", "l", "l1", "u", "v", "name", "version", "_:name", "_:version")
_KINDS = ("build", "post", "with-test", "with-doc", "dev", "build", "with-test")
_UNDEFINED = ("u", "p:installed", "p:version", "a:installed", "a:enable", "pinned", "_:installed")
_TEXTS = (
    "",
    "x",
    "%{s}%",
    "%{u}%",
    "%{build}%",
    "%{with-test}%",
    "%{t?yes:no}%",
    "%{build?yes:no}%",
    "%{s}%-%{post}%",
    "%%",
    "%{u?yes:no}%",
)
_BOUNDS = ("0.9", "1", "1.0", "1.00", "1.5", "2", "2.0", "3", "9", "~")
_FAR_BOUNDS = ("%{v}%", "%{_:version}%", "%{version}%.0", "1.%{name}%")
"""Texts with what is always defined; an undefined variable or an empty text there stops opam."""
_OPERATORS = ("=", "!=", "<", "<=", ">", ">=")


class Writer:
    """Formulas in opam's syntax.

    For the solver, what is not decided without ``build`` and ``post`` stands where opam's solver does not lose it: see
    ``test_opams_solver_loses_filters``.
    """

    def __init__(self, seed: int, opam: Opam, *, solver: bool = False) -> None:
        self._dice = random.Random(seed)
        self._solver = solver
        self._decided = solver
        # opam 2.1 stops at an undefined version in depends, since 2.2 it drops the atom with a warning.
        self._undefined = [] if opam.version < (2, 2) else ["u", "p:version"]
        # opam 2.1 overlooks the choice in such a text while it evaluates in part.
        self._texts = _TEXTS if opam.version >= (2, 2) else tuple(text for text in _TEXTS if "?" not in text)

    def formula(self) -> str:
        """A list of one to three formulas."""
        return "[" + " ".join(self._formula(3) for _ in range(self._dice.randrange(1, 4))) + "]"

    def conflicts(self) -> str:
        """A list of alternatives."""
        return "[" + " ".join(self._conflict() for _ in range(self._dice.randrange(1, 4))) + "]"

    def _formula(self, depth: int, place: str = "top") -> str:
        """``place``: top, inside a disjunction (``|``), or inside a conjunction in one (``&``)."""
        if depth == 0 or self._dice.random() < 0.4:
            open_too = self._solver and place != "&" and self._dice.random() < 0.5
            return self._atom(self._open() if open_too else self._conditions(2))
        join = self._dice.choice((" & ", " | ", " | ", " "))
        if place != "&" and join == " | ":
            place = "|"
        elif place == "|":
            place = "&"
        return f"({join.join(self._formula(depth - 1, place) for _ in range(self._dice.choice((1, 2, 2, 3))))})"

    def _open(self) -> str:
        """A filter that may not be decided, or an undefined bound, alone or with bounds."""
        self._decided = False
        filters = (self._operand(), self._comparison(), f"?({self._filter(2)})", f"!({self._comparison()})")
        self._decided = True
        one = self._dice.choice([*filters, *(f"{operator} {name}" for operator in "<=" for name in self._undefined)])
        return self._dice.choice((one, f"{one} & {self._bounds(2)}", f"{self._bounds(2)} | {one}"))

    def _bounds(self, depth: int) -> str:
        if depth == 0 or self._dice.random() < 0.5:
            return self._bound()
        inside = self._dice.choice((" & ", " | ")).join(self._bounds(depth - 1) for _ in range(2))
        return f"{self._dice.choice(('!', ''))}({inside})"

    def _conflict(self) -> str:
        # An undefined bound beside another one stops opam.
        inside = []
        for _ in range(self._dice.choice((1, 1, 2))):
            undefined = [f"{operator} {name}" for operator in _OPERATORS for name in self._undefined]
            bounds = (self._bound(), f"{self._bound()} & {self._bound()}", *undefined[:1])
            inside.append(self._atom(self._dice.choice(("", *bounds, self._filter(2)))))
        return f"({' | '.join(inside)})" if len(inside) > 1 else inside[0]

    def _atom(self, conditions: str) -> str:
        return f'"{self._dice.choice(NAMES)}" {{{conditions}}}'

    def _conditions(self, depth: int) -> str:
        return " ".join(self._condition(depth) for _ in range(self._dice.choice((0, 1, 1, 1, 1, 2))))

    def _condition(self, depth: int) -> str:
        kind = self._dice.random()
        if depth == 0 or kind < 0.3:
            return self._bound() if self._dice.random() < 0.6 else self._filter(0)
        if kind < 0.45:
            return self._filter(2)
        if kind < 0.6:
            return f"!({self._condition(depth - 1)})"
        count = self._dice.choice((2, 2, 3))
        inside = self._dice.choice((" & ", " | ")).join(self._condition(depth - 1) for _ in range(count))
        return f"({inside})" if self._dice.random() < 0.5 else inside

    def _bound(self) -> str:
        bounds = (*map(written, _BOUNDS + _FAR_BOUNDS), "v", "version", "_:version", "s", "t")
        return f"{self._dice.choice(_OPERATORS)} {self._dice.choice(bounds)}"

    def _filter(self, depth: int) -> str:
        kind = self._dice.random()
        if depth == 0 or kind < 0.3:
            return self._operand()
        if kind < 0.5:
            return self._comparison()
        if kind < 0.75:
            return f"{self._dice.choice('!??')}({self._filter(depth - 1)})"
        return f"({self._filter(depth - 1)} {self._dice.choice('&|')} {self._filter(depth - 1)})"

    def _comparison(self) -> str:
        return f"{self._operand()} {self._dice.choice(_OPERATORS)} {self._operand()}"

    def _operand(self) -> str:
        pick = self._dice.choice
        if self._decided:
            return pick(("t", "f", "with-test", "with-doc", "dev", "true", "false"))
        kind = pick((_VARIABLES, _KINDS, _KINDS, _UNDEFINED, tuple(map(written, self._texts)), ("true", "false")))
        return pick(kind)


def _read(text: str, join: Join) -> Formula:
    file = parse(f"x: {text}", "generated")
    value = file.get("x")
    assert value is not None
    return formula_of(value, file, join)


def _environment(name: str, **kinds: bool) -> Environment:
    own = {"name": name, "version": "1", "_:name": name, "_:version": "1"}
    values: dict[str, Value] = {
        **GLOBALS,
        **dict.fromkeys(("with-test", "with-doc", "with-dev-setup", "dev", "post"), False),
        "build": True,
        **own,
        **kinds,
    }
    return values.get


def _repository(generated: dict[str, str]) -> dict[str, str]:
    there = {f"{name}.{version}": "" for name, versions in EXISTING.items() for version in versions}
    return there | {f"{name}.1": text for name, text in generated.items()}


def _load(opam: Opam, field: str, formulas: dict[str, str]) -> None:
    opam.load(_repository({name: f"{field}: {text}" for name, text in formulas.items()}), variables_text(GLOBALS))


def test_depends_for_the_solver(opam: Opam) -> None:
    writer = Writer(6, opam, solver=True)
    formulas = {f"p{number}": writer.formula() for number in range(COUNT)}
    _load(opam, "depends", formulas)
    solvables, versions = opam.solvables()
    numbering = Numbering(versions)
    wrong = {}
    for name, text in formulas.items():
        ours, theirs = resolve(_read(text, "&"), _environment(name)), solvables[name, "1"].depends
        if numbering.resolved(ours) != numbering.printed(theirs, numbers=True):
            wrong[name] = (text, ours, theirs)
    assert wrong == {}
    assert 0.3 < sum(bool(solvables[name, "1"].depends) for name in formulas) / COUNT < 0.95


def test_conflicts(opam: Opam) -> None:
    writer = Writer(7, opam)
    formulas = {f"p{number}": writer.conflicts() for number in range(COUNT)}
    _load(opam, "conflicts", formulas)
    solvables, versions = opam.solvables()
    numbering = Numbering(versions)
    wrong = {}
    for name, text in formulas.items():
        listed = numbering.listed(solvables[name, "1"].conflicts)
        theirs = {
            (there, version)
            for there, known in EXISTING.items()
            for version in known
            if listed.get(there, 0) >> solvables[there, version].number & 1
        }
        ours = {
            (need.name, version)
            for need in needs(exclude(_read(text, "|"), _environment(name)))
            for version in EXISTING.get(need.name, ())
            if need.versions.allows(version)
        }
        if ours != theirs:
            wrong[name] = (text, ours, theirs)
    assert wrong == {}


def test_formulas_for_listings(opam: Opam) -> None:
    """Without undefined bounds, which ``pef-universe`` treats in a way that ``list`` does not."""
    writer = Writer(8, opam)
    formulas = {f"p{number}": writer.formula() for number in range(COUNT)}
    opam.load(
        _repository({name: f"depends: {text}\ndepopts: {text}" for name, text in formulas.items()}),
        variables_text(GLOBALS),
    )
    definitions = opam.definitions()
    versions = {name: dict(enumerate(there, 1)) for name, there in EXISTING.items()}
    numbering = Numbering(versions)
    wrong = {}
    for name, text in formulas.items():
        environment, definition = _environment(name), definitions[name, "1"]
        # Whatever joins them, the atoms of depopts are alternatives (OpamFile.OPAM.cleanup_depopts).
        optional: Resolved = Or(tuple(needs(select(_read(text, "|"), environment))))
        pairs = [(select(_read(text, "&"), environment), definition.depends), (optional, definition.recommends)]
        for ours, theirs in pairs:
            if numbering.resolved(ours if theirs else And(())) != numbering.printed(theirs, numbers=False):
                wrong[name] = (text, ours, theirs)
    assert wrong == {}


def test_opams_solver_loses_filters(opam: Opam) -> None:
    """Known differences: what opam's solver makes of filters that are not decided until ``build`` and ``post`` are.

    Of a conjunction without a bound it keeps nothing at all, of a disjunction beside a bound it drops what is false
    instead of the whole (``OpamFilter.atomise_extended``).  It distributes alternatives before it drops what is
    undefined, so that the rest of a conjunction goes too (``OpamSolver.load_cudf_universe``).  Its listings and we do
    none of this, and no recipe of the public repository has such a formula.
    """
    formulas = {
        "p1": '"a" {build & post}',
        "p2": '"a" {(u | w) & >= "2"}',
        "p3": '"a" {(u | !build) & >= "2"}',
        "p4": '("a" {u} & "b") | "c"',
    }
    _load(opam, "depends", {name: f"[{text}]" for name, text in formulas.items()})
    solvables, definitions = opam.solvables()[0], opam.definitions()
    assert [solvables[name, "1"].depends for name in formulas] == ["", "a >= 3", "a >= 3", "c , b | c"]
    assert [definitions[name, "1"].depends for name in formulas] == ["", "", "", "b | c"]
    ours = [resolve(_read(f"[{text}]", "&"), _environment(name)) for name, text in formulas.items()]
    assert [[need.name for need in needs(one)] for one in ours] == [["a"], [], [], ["b", "c"]]
