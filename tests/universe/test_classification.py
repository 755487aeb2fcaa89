"""Where dependencies go, compared with how the authors of opam-cross-windows split them by hand.

They say of each dependency of a version whether the target, the build machine or both need it.  What counts are edges
that both sides know: a dependency that the public recipe has and that they list.  Differences are sorted into the
classes that docs/machines.md explains.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from xpkg.ops.pairs import Pair
from xpkg.ops.query_machines import EdgeQuery
from xpkg.repo.crossrules import fits, read_cross_rules
from xpkg.repo.repository import Repository
from xpkg.repo.targets import Target, load_targets
from xpkg.repo.universe import Universe
from xpkg.shipped import PACKAGES, TARGETS

DATA = Path(__file__).parents[3] / "shared" / "data" / "overlay-windows.json"
DOCUMENT = Path(__file__).parents[2] / "docs" / "machines.md"

FOUND = {"target": 0.98, "build": 0.95}
"""The least share of the edges they put on a machine that we put there too."""
SHARED = {"target": 0.97, "build": 0.93}
"""The least share of the edges we put on a machine that they put there too."""
UNEXPLAINED = 0.01
"""The most of all edges that may differ and be in no class."""

ELSEWHERE = {"os": "win32", "os-family": "windows", "os-distribution": "win32"}
"""Variables of a target other than ours: the split must not depend on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """One dependency of one version, with the machines (``build``, ``target``) they and we put it on."""

    dependent: str
    version: str
    name: str
    theirs: frozenset[str]
    ours: frozenset[str]


@pytest.fixture(scope="module", name="universe")
def universe_fixture(universe_directory: Path) -> Universe:
    targets: dict[str, Target] = dict(load_targets([TARGETS]))
    kernel = targets["kfreebsd"]
    targets["elsewhere"] = replace(kernel, name="elsewhere", variables={**kernel.variables, **ELSEWHERE})
    shipped = Repository(name="xpkg", root=PACKAGES.parent, shipped=True)
    return Universe([Repository(name="public", root=universe_directory)], targets, [shipped])


@pytest.fixture(scope="module", name="splits")
def splits_fixture(universe: Universe) -> Sequence[Split]:
    return tuple(edges_known(universe, "kfreebsd"))


def edges_known(universe: Universe, target: str) -> Iterator[Split]:
    """All edges that both know, of the versions whose sources they did not have to change."""
    if not DATA.is_file():
        pytest.skip(f"what people decided by hand is not at hand: no {'/'.join(DATA.parts[-3:])} beside the clone")
    query = EdgeQuery(universe, Pair(target=target))
    for one in json.loads(DATA.read_text()):
        if not one["upstream"] or one["patched"]:
            continue
        ours = query.machines(universe.entry(one["name"], one["version"]))
        for name in sorted({*one["build"], *one["target"]} & {*ours["build"], *ours["target"]}):
            yield Split(
                dependent=one["name"],
                version=one["version"],
                name=name,
                theirs=frozenset(machine for machine in FOUND if name in one[machine]),
                ours=frozenset(machine for machine in FOUND if name in ours[machine]),
            )


@pytest.mark.parametrize("machine", FOUND)
def test_agreement(splits: Sequence[Split], machine: str) -> None:
    theirs = [one for one in splits if machine in one.theirs]
    ours = [one for one in splits if machine in one.ours]
    both = sum(machine in one.ours for one in theirs)
    assert len(theirs) > 500
    assert both / len(theirs) >= FOUND[machine], differences(splits)
    assert both / len(ours) >= SHARED[machine], differences(splits)


def test_the_split_is_the_same_for_every_target(universe: Universe, splits: Sequence[Split]) -> None:
    assert tuple(edges_known(universe, "elsewhere")) == splits


def class_of(split: Split) -> str | None:
    """The class of a difference, as docs/machines.md calls it; None for one that is not explained."""
    name, dependent = split.name, split.dependent
    if name == "ocaml":
        return "the compiler"
    if name.startswith("base-"):
        return "the compiler's own libraries"
    if name == "dune-configurator" or dependent in ("jst-config", "pcre"):
        return "probes" if not name.startswith("conf-") else "C libraries marked {build}"
    if "ppx" in name or name == "ocaml-migrate-parsetree":
        return "rewriters"
    if "ppx" in dependent:
        return "what rewriters are made of"
    if name in ("dune", "jbuilder", "topkg", "menhir"):
        return "tools"
    if name == "ctypes":
        return "stub generators"
    return "both to be safe" if split.ours == {"target"} and split.theirs == {"build", "target"} else None


CLASSES = (
    "the compiler",
    "the compiler's own libraries",
    "probes",
    "C libraries marked {build}",
    "rewriters",
    "what rewriters are made of",
    "tools",
    "stub generators",
    "both to be safe",
)


def test_every_difference_is_of_a_known_class(splits: Sequence[Split]) -> None:
    different = [one for one in splits if one.theirs != one.ours]
    unexplained = [one for one in different if class_of(one) is None]
    assert {kind for one in different if (kind := class_of(one))} <= set(CLASSES)
    assert len(unexplained) <= UNEXPLAINED * len(splits), unexplained
    document = DOCUMENT.read_text()
    assert [kind for kind in CLASSES if f"| {kind} |" not in document] == []


def test_rules_name_what_there_is(universe: Universe) -> None:
    """A rule about nothing is a slip of the pen, or about a package that is gone."""
    known = {*universe.names(), *(path.name for path in PACKAGES.iterdir())}
    rules = read_cross_rules([PACKAGES / "cross.toml"])
    patterns = [*rules.names, *(name for name, _ in rules.patterns)]
    patterns += [part for dependent, name, _ in rules.edges for part in (dependent, name)]
    assert [one for one in patterns if not any(fits(one, name) for name in known)] == []


def differences(splits: Sequence[Split]) -> str:
    """What differs, by class and name, the most frequent first."""
    count = Counter(
        f"{class_of(one)}: {one.name}, they {'+'.join(sorted(one.theirs))}, we {'+'.join(sorted(one.ours))}"
        for one in splits
        if one.theirs != one.ours
    )
    return "\n".join(f"{number} {what}" for what, number in count.most_common())
