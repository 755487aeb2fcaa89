"""Several repositories as one: the rules of a universe against their definition, spelled out slowly."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xpkg.repo.crossrules import Rule, fits
from xpkg.repo.repository import Repository
from xpkg.repo.universe import Universe, UnknownPackage
from xpkg.repo.version_order import compare

NAMES = ("a", "ab", "b", "c-x")
VERSIONS = ("1", "2", "1.0", "1.00", "2~x")
GLOBS = ("a", "a*", "?", "*-x", "[ab]", "zz")


@dataclass(frozen=True)
class Content:
    """What one repository is to be made of."""

    packages: frozenset[tuple[str, str]]
    overlays: frozenset[str]
    rules: frozenset[str]
    priority: int
    exclusive: bool
    names: tuple[str, ...]
    shipped: bool

    def answers(self, name: str) -> bool:
        return not self.names or any(fnmatchcase(name, glob) for glob in self.names)

    def versions(self, name: str) -> set[str]:
        return {version for one, version in self.packages if one == name and self.answers(name)}


contents = st.builds(
    Content,
    packages=st.frozensets(st.tuples(st.sampled_from(NAMES), st.sampled_from(VERSIONS)), max_size=6),
    overlays=st.frozensets(st.sampled_from(NAMES), max_size=2),
    rules=st.frozensets(st.sampled_from(NAMES), max_size=2),
    priority=st.integers(0, 2),
    exclusive=st.booleans(),
    names=st.one_of(st.just(()), st.lists(st.sampled_from(GLOBS), min_size=1, max_size=2).map(tuple)),
    shipped=st.booleans(),
)


def write(root: Path, label: str, content: Content) -> Repository:
    (root / "packages").mkdir(parents=True)
    for name, version in content.packages:
        directory = root / "packages" / name / f"{name}.{version}"
        directory.mkdir(parents=True)
        (directory / "opam").write_text(f'opam-version: "2.0"\nsynopsis: "{label}"\n')
    overlays = root / ("packages/_overlays" if content.shipped else "overlays")
    overlays.mkdir()
    for name in content.overlays:
        text = f'opam-version: "2.0"\noverlay "of {label}" {{ add {{ tags: ["{label}"] }} }}\n'
        (overlays / f"{name}.opam").write_text(text)
    (root / "cross.toml").write_text("[build]\n" + "".join(f'{name} = "{label}"\n' for name in sorted(content.rules)))
    return Repository(
        name=label,
        root=root,
        priority=content.priority,
        exclusive=content.exclusive,
        names=content.names,
        shipped=content.shipped,
    )


@dataclass(frozen=True)
class Definition:
    """The rules, from the definition: opam's union of versions, with names that belong to one repository alone."""

    ranked: tuple[tuple[str, Content], ...]

    def holders(self, name: str) -> list[tuple[str, Content]]:
        having = [(label, content) for label, content in self.ranked if content.versions(name)]
        owners = [(label, content) for label, content in having if content.exclusive]
        return owners[:1] or having

    def versions(self, name: str) -> set[str]:
        return {version for _, content in self.holders(name) for version in content.versions(name)}

    def origin(self, name: str, version: str) -> tuple[str, Content]:
        return next(one for one in self.holders(name) if version in one[1].versions(name))

    def overlays(self, name: str, version: str) -> Iterator[str]:
        origin, owner = self.origin(name, version)
        below = False
        found = []
        for label, content in self.ranked:
            allowed = not owner.exclusive or not below or content.shipped
            if allowed and name in content.overlays and content.answers(name):
                found.append(label)
            below = below or label == origin
        return reversed(found)

    def rule(self, name: str) -> str | None:
        owned = False
        for label, content in self.ranked:
            if name in content.rules and content.answers(name) and (content.shipped or not owned):
                return label
            owned = owned or (content.exclusive and bool(content.versions(name)))
        return None


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("universe")


@given(st.lists(contents, min_size=1, max_size=4))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_rules_of_a_universe(directory: Path, given_contents: Sequence[Content]) -> None:
    top = directory / "case"
    shutil.rmtree(top, ignore_errors=True)
    labelled = [(f"r{number}", content) for number, content in enumerate(given_contents)]
    universe = Universe([write(top / label, label, content) for label, content in labelled], {})
    definition = Definition(tuple(sorted(labelled, key=lambda one: -one[1].priority)))
    expected_names = {name for name in NAMES if definition.versions(name)}
    assert universe.names() == tuple(sorted(expected_names))
    for name in NAMES:
        rule = definition.rule(name)
        assert universe.cross.where(name) == (None if rule is None else Rule("build", rule))
        having = [label for label, content in definition.ranked if content.versions(name)]
        assert universe.repositories_of(name) == tuple(having)
        if not definition.versions(name):
            with pytest.raises(UnknownPackage):
                universe.versions(name)
            continue
        versions = universe.versions(name)
        assert set(versions) == definition.versions(name)
        assert all(compare(newer, older) >= 0 for newer, older in pairwise(versions))
        for version in VERSIONS:
            if version not in versions:
                with pytest.raises(UnknownPackage):
                    universe.recipe(name, version)
                continue
            recipe, entry = universe.recipe(name, version), universe.entry(name, version)
            origin, _ = definition.origin(name, version)
            assert (recipe.repository, recipe.synopsis, entry.repository) == (origin, origin, origin)
            applied = list(definition.overlays(name, version))
            assert [one.repository for one in recipe.overlays] == applied
            assert list(entry.facts["tags"]) == applied
            assert recipe.original.text == f'opam-version: "2.0"\nsynopsis: "{origin}"\n'


@given(st.text("ab*", min_size=1, max_size=6), st.text("ab", max_size=7))
def test_patterns_of_cross_rules(pattern: str, name: str) -> None:
    assert fits(pattern, name) == fnmatchcase(name, pattern)
