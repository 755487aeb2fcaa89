"""``xpkg show --effective``: what a recipe says once its filters are evaluated for one machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from xpkg.ops.pins import developed_of
from xpkg.ops.query_list import variables
from xpkg.ops.query_machines import place_of
from xpkg.ops.query_text import filter_text
from xpkg.repo.filters import Comparison, Constant, Defined, Every, Filter, Negation, Some, Text, evaluate, is_true
from xpkg.repo.interpolate import Environment, Value, Variable, as_text, expand, look_up, parse_variable
from xpkg.repo.machine_names import BUILD
from xpkg.repo.recipes import Arg, Command, Recipe
from xpkg.solver.context import RepoContext
from xpkg.solver.model import Instance
from xpkg.solver.protocol import AllOf, AnyOf, Candidate, Formula, Need

if TYPE_CHECKING:
    from xpkg.ops.home import Home
    from xpkg.ops.pairs import Pair

Shown = dict[str, object]


def effective(home: Home, pair: Pair, recipe: Recipe) -> Shown:
    """The recipe on the pair's machine: whether it is available and why, what it needs and where, system packages,
    commands.

    What only a build knows (directories, other packages' variables) stays as written, a condition on it is told.
    """
    machine, reason = place_of(home.universe, pair, recipe)
    target = None if pair.target is None else home.target(pair.target)
    instance = Instance(name=recipe.name, version=recipe.version, machine=machine)
    here = _machine_variables(home, pair, recipe, machine)
    context = RepoContext(home.universe, target, developed=developed_of(home.pinning))
    candidate = context.candidate(instance, requested=True)
    shown: Shown = {
        "name": recipe.name,
        "version": recipe.version,
        "machine": machine,
        "reason": reason,
        "available": is_true(recipe.available, here.get),
        "condition": filter_text(recipe.available),
        "because": {name: _text(here.get(name)) for name in dict.fromkeys(_variables(recipe.available))},
    }
    if isinstance(candidate, Candidate):
        shown["depends"] = [_need(part) for part in _parts(candidate.depends)]
        shown["depopts"] = [_need(need) for need in candidate.optional]
        shown["conflicts"] = [_need(need) for need in candidate.conflicts]
    # System packages are named for Debian, as in the messages about missing programs.
    system = {**here, "os-distribution": "debian", "os-family": "debian"} if machine == BUILD else here
    shown["depexts"] = list(recipe.depexts_for(system.get))
    shown["build"] = list(_commands(recipe.build, here.get))
    shown["install"] = list(_commands(recipe.install, here.get))
    shown["patches"] = [patch.text for patch in recipe.patches if is_true(patch.filter, here.get)]
    return shown


def _machine_variables(home: Home, pair: Pair, recipe: Recipe, machine: str) -> Mapping[str, Value]:
    from xpkg.ops.pairs import Pair

    own: dict[str, Value] = {"name": recipe.name, "version": recipe.version}
    return {**variables(home, Pair() if machine == BUILD else pair), **own, **{f"_:{k}": v for k, v in own.items()}}


def _text(value: Value) -> str:
    return "undefined" if value is None else as_text(value)


def _variables(filter: Filter) -> Iterator[str]:
    """The variables that a filter looks at, in order."""
    match filter:
        case Variable():
            yield f"{'+'.join(filter.packages)}:{filter.name}" if filter.packages else filter.name
        case Comparison(_, left, right):
            yield from _variables(left)
            yield from _variables(right)
        case Every(parts) | Some(parts):
            for part in parts:
                yield from _variables(part)
        case Negation(part) | Defined(part):
            yield from _variables(part)
        case Constant() | Text():
            return


def _parts(formula: Formula) -> tuple[Formula, ...]:
    """The parts that must all hold, nested ones too."""
    return (
        tuple(inner for part in formula.parts for inner in _parts(part)) if isinstance(formula, AllOf) else (formula,)
    )


def _need(formula: Formula) -> Shown:
    """``any`` holds the alternatives, ``all`` what must come together."""
    if isinstance(formula, AnyOf):
        return {"any": [_need(part) for part in formula.parts]}
    if isinstance(formula, AllOf):
        return {"all": [_need(part) for part in formula.parts]}
    return _plain_need(formula)


def _plain_need(need: Need) -> Shown:
    return {
        "name": need.name,
        "versions": "" if need.versions is None else str(need.versions),
        "machine": need.machine,
        "reason": need.implicit or need.reason,
        "post": need.post,
    }


def _commands(commands: tuple[Command, ...], environment: Environment) -> Iterator[Shown]:
    """Commands and arguments that the machine's filters leave; ``if`` tells a condition that is not known yet."""
    for command in commands:
        unknown = _unknown(command.filter, environment)
        if command.filter is not None and not unknown and not is_true(command.filter, environment):
            continue
        conditions = [filter_text(command.filter)] if command.filter is not None and unknown else []
        words: list[str] = []
        for arg in command.args:
            if arg.filter is not None and _unknown(arg.filter, environment):
                conditions.append(f"{_word(arg, environment)}: {filter_text(arg.filter)}")
            elif not is_true(arg.filter, environment):
                continue
            words += _words(arg, environment)
        yield {"argv": words, "if": conditions}


def _unknown(condition: Filter | None, environment: Environment) -> bool:
    return condition is not None and evaluate(condition, environment) is None


def _words(arg: Arg, environment: Environment) -> list[str]:
    value = look_up(parse_variable(arg.text), environment) if arg.variable else None
    return list(value) if isinstance(value, list) else [_word(arg, environment)]


def _word(arg: Arg, environment: Environment) -> str:
    """One argument; what is not known stays as written."""
    if arg.variable:
        value = look_up(parse_variable(arg.text), environment)
        return f"%{{{arg.text}}}%" if value is None else as_text(value)

    def look(name: str) -> Value:
        value = environment(name)
        return f"%{{{name}}}%" if value is None else value

    return expand(arg.text, look, undefined="") or ""
