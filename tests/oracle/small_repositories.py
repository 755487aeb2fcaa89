"""Small repositories made up at random, states of switches over them, and commands; the same for the same seed."""

from __future__ import annotations

import graphlib
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.oracle.cudf import Cudf

# Ascending in opam's order, and no two of them equal.
_VERSIONS = ("0.9", "1.0~beta", "1.0", "1.0-1", "1.0.2", "1.2", "1.10", "v1", "v1.1")
_OPERATORS = ("=", "!=", "<", "<=", ">", ">=", ">=", "<")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """``recipes`` has what stands in each ``name.version``'s file after the first line; ``waits`` the names that each
    may wait for where they are there, ``surely`` those it does in any version."""

    names: Sequence[str]
    versions: Mapping[str, Sequence[str]]
    recipes: Mapping[str, str]
    waits: Mapping[str, frozenset[str]]
    surely: Mapping[str, frozenset[str]]

    def fits(self, spelled: str, version: str | None) -> bool:
        """Whether a version is what ``p0``, ``p0.1`` or ``p0>=1`` asks for."""
        found = re.fullmatch(r"p\d+(?:(\.|<=|>=|!=)(.*))?", spelled)
        assert found is not None, spelled
        if version is None or found[1] is None:
            return version is not None
        place, bound = _VERSIONS.index(version), _VERSIONS.index(found[2])
        return {".": place == bound, "<=": place <= bound, ">=": place >= bound, "!=": place != bound}[found[1]]

    def cyclic(self, installed: Mapping[str, str]) -> bool:
        """Whether packages of a state may wait for each other; a few too many: versions named are not looked at."""
        return _cyclic(self.waits, installed)

    def certainly_cyclic(self, installed: Mapping[str, str]) -> bool:
        """Whether packages of a state wait for each other, whatever their versions; a few too few."""
        return _cyclic(self.surely, installed)


def repository(dice: random.Random) -> Made:
    """Dependencies mostly go to later names; a few go back, so that there are cycles too."""
    names = [f"p{number}" for number in range(dice.randint(4, 9))]
    versions = {
        name: sorted(dice.sample(_VERSIONS, dice.choice((1, 2, 3, 3, 4))), key=_VERSIONS.index) for name in names
    }
    back = dice.random() < 0.15
    recipes = {
        f"{name}.{version}": _recipe(dice, names, place, back)
        for place, name in enumerate(names)
        for version in versions[name]
    }
    waits = {package: _waits(text, r'"(p\d+)"(?! \{post\})') for package, text in recipes.items()}
    surely = {package: _waits(text, r'"(p\d+)"(?! \{)') for package, text in recipes.items()}
    return Made(names=names, versions=versions, recipes=recipes, waits=waits, surely=surely)


def _waits(recipe: str, pattern: str) -> frozenset[str]:
    ordering = [line for line in recipe.splitlines() if line.startswith("dep")]
    return frozenset(name for line in ordering for name in re.findall(pattern, line))


def _cyclic(waits: Mapping[str, frozenset[str]], installed: Mapping[str, str]) -> bool:
    graph = {name: waits[f"{name}.{version}"] & installed.keys() for name, version in installed.items()}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError:
        return True
    return False


def _recipe(dice: random.Random, names: Sequence[str], place: int, back: bool) -> str:
    later = names[place + 1 :]
    lines = []
    depends = [_alternatives(dice, later) for _ in range(dice.choice((0, 1, 1, 2, 2, 3))) if later]
    if place and dice.random() < (0.3 if back else 0.03):
        depends.append(f'"{dice.choice(names[:place])}"' + dice.choice((" {post}", " {post}", "")))
    if depends:
        lines.append(f"depends: [{' '.join(depends)}]")
    others = [name for name in names if name != names[place]]
    # Not what depends has too: opam, which joins the two, then loses sight of the dependency where it orders removals.
    free = [name for name in later or others if f'"{name}"' not in "".join(depends)]
    if free and dice.random() < 0.2:
        lines.append(f"depopts: [{_atom(dice, dice.choice(free))}]")
    if dice.random() < 0.2:
        lines.append(
            f"conflicts: [{' '.join(_atom(dice, dice.choice(others)) for _ in range(dice.choice((1, 1, 2))))}]"
        )
    if dice.random() < 0.12:
        lines.append(f'conflict-class: "{dice.choice("kl")}"')
    if dice.random() < 0.12:
        lines.append("flags: avoid-version")
    if dice.random() < 0.05:
        lines.append("available: " + dice.choice(("false", 'os = "nowhere"', 'os != "nowhere"')))
    return "".join(f"{line}\n" for line in lines)


def _alternatives(dice: random.Random, names: Sequence[str]) -> str:
    count = dice.choice((1, 1, 1, 2, 3))
    if count == 1:
        return _atom(dice, dice.choice(names))
    return f"({' | '.join(_atom(dice, dice.choice(names)) for _ in range(count))})"


def _atom(dice: random.Random, name: str) -> str:
    if dice.random() < 0.45:
        return f'"{name}"'
    bounds = [f'{dice.choice(_OPERATORS)} "{dice.choice(_VERSIONS)}"' for _ in range(dice.choice((1, 1, 1, 2)))]
    return f'"{name}" {{{dice.choice((" & ", " | ")).join(bounds)}}}'


def state(dice: random.Random, made: Made, cudf: Cudf, names: Iterable[str]) -> dict[str, str]:
    """A state that respects everything, with as many of the names as go in, in versions taken at random."""
    found: dict[str, str] = {}
    for name in names:
        more = _with(dice, cudf, found, name)
        if more is not None and not made.cyclic(more):
            found = more
    return found


def _with(dice: random.Random, cudf: Cudf, present: Mapping[str, str], name: str) -> dict[str, str] | None:
    """The state with one more name and what that needs; None when that was not found within a few tries."""
    versions: dict[str, list[str]] = {}
    for one, version in cudf.packages:
        versions.setdefault(one, []).append(version)
    for _ in range(4):
        tried = dict(present)
        wanted = [name]
        while wanted:
            one = wanted.pop()
            if one in tried or one not in versions:
                continue
            tried[one] = dice.choice(versions[one])
            for clause in cudf.packages[one, tried[one]].depends:
                wanted.append(dice.choice(clause).name)
        if not cudf.broken(tried):
            return tried
    return None


def command(dice: random.Random, made: Made, installed: Mapping[str, str]) -> tuple[str, ...]:
    """An opam command with its arguments."""
    present = sorted(installed)
    kinds = ["install", "install", "install", "best"]
    if present:
        kinds += [
            "upgrade-all",
            "upgrade",
            "upgrade",
            "remove",
            "remove",
            "remove-auto",
            "reinstall",
            "downgrade",
            "mixed",
        ]
    kind = dice.choice(kinds)
    some = dice.sample(present, min(len(present), dice.choice((1, 1, 2))))
    absent = [name for name in made.names if name not in installed] or list(made.names)
    fresh = dice.sample(absent, min(len(absent), dice.choice((1, 1, 2, 3))))
    match kind:
        case "upgrade-all":
            return ("upgrade",)
        case "upgrade":
            return ("upgrade", *some)
        case "remove":
            return ("remove", *some)
        case "remove-auto":
            return ("remove", "-a", *some)
        case "reinstall":
            return ("reinstall", *some)
        case "downgrade":
            return ("install", *(_spelled(dice, made, name, always=True) for name in some))
        case "best":
            more = dice.sample(made.names, min(len(made.names), 4))
            return ("install", "--best-effort", *(_spelled(dice, made, name) for name in more))
        case "mixed":
            return ("install", *(_spelled(dice, made, name) for name in dict.fromkeys([*some, *fresh])))
    return ("install", *(_spelled(dice, made, name) for name in fresh))


def _spelled(dice: random.Random, made: Made, name: str, *, always: bool = False) -> str:
    if not always and dice.random() < 0.6:
        return name
    version = dice.choice(made.versions[name])
    return f"{name}{dice.choice(('.', '.', '<=', '>=', '!='))}{version}"
