"""What queries and the solver need of one version, without its file: the part of a recipe that an index keeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypedDict

if TYPE_CHECKING:
    from xpkg.core.errors import XpkgError
    from xpkg.repo.filters import Filter
    from xpkg.repo.formulas import Formula
    from xpkg.repo.recipes import Provided, Recipe, RunsOn


class Facts(TypedDict):
    """What a recipe says of itself to people; texts as written, lists in the recipe's order."""

    synopsis: str
    description: str
    tags: tuple[str, ...]
    license: tuple[str, ...]
    homepage: tuple[str, ...]
    bug_reports: tuple[str, ...]
    dev_repo: str
    maintainer: tuple[str, ...]
    authors: tuple[str, ...]
    sources: tuple[str, ...]
    checksums: tuple[str, ...]
    patches: tuple[str, ...]
    system_tools: tuple[str, ...]
    unknown_fields: tuple[str, ...]


FACTS = tuple(Facts.__annotations__)
NO_FACTS: tuple[Any, ...] = ("", "", (), (), (), (), "", (), (), (), (), (), (), ())
NO_NEEDS: tuple[Any, ...] = ((0,), (0,), (0,), (), True, "true", (), None, None, ())
"""Depends, depopts, conflicts, conflict classes, available, the same as written, flags, x-runs-on, x-toolchain,
x-provides; the formulas and the filter as ``index.encoding`` writes them."""


_ENCODED = {"depends": 0, "depopts": 1, "conflicts": 2, "available": 4}


class Entry:
    """One version of one package in one repository.

    ``problem`` says why its recipe cannot be used, with the place; all else is empty then.  No dataclass: whoever
    reads an index makes thousands of these, and most of their fields are never asked for.
    """

    __slots__ = ("_facts", "_needs", "name", "problem", "repository", "version")

    def __init__(
        self,
        name: str,
        version: str,
        repository: str,
        *,
        problem: str | None = None,
        needs: tuple[Any, ...] = NO_NEEDS,
        facts: Callable[[], tuple[Any, ...]] = lambda: NO_FACTS,
    ) -> None:
        self.name, self.version, self.repository, self.problem = name, version, repository, problem
        self._needs, self._facts = needs, facts

    @property
    def depends(self) -> Formula:
        return _formula(self._needs[0])

    @property
    def depopts(self) -> Formula:
        return _formula(self._needs[1])

    @property
    def conflicts(self) -> Formula:
        return _formula(self._needs[2])

    def encoded(self, field: Literal["depends", "depopts", "conflicts", "available"]) -> Any:
        """One of the formulas above, or the condition below, as ``index.encoding`` writes it."""
        return self._needs[_ENCODED[field]]

    def written(self, field: Literal["depends", "depopts", "conflicts"]) -> tuple[str, ...]:
        """The parts of one of the formulas above as text, in opam's syntax; the formula itself is not made."""
        from xpkg.repo.index.text import formula_parts

        return formula_parts(self._needs[("depends", "depopts", "conflicts").index(field)])

    @property
    def conflict_class(self) -> tuple[str, ...]:
        names: tuple[str, ...] = self._needs[3]
        return names

    @property
    def available(self) -> Filter:
        from xpkg.repo.index.encoding import decode_filter

        return decode_filter(self._needs[4])

    @property
    def available_text(self) -> str:
        """The condition as written."""
        text: str = self._needs[5]
        return text

    @property
    def flags(self) -> frozenset[str]:
        return frozenset(self._needs[6])

    @property
    def x_runs_on(self) -> RunsOn | None:
        value: RunsOn | None = self._needs[7]
        return value

    @property
    def x_toolchain(self) -> str | None:
        value: str | None = self._needs[8]
        return value

    @property
    def x_provides(self) -> tuple[Provided, ...]:
        """Names, each with the version it is provided in; sorted."""
        provided: tuple[Provided, ...] = self._needs[9]
        return provided

    @property
    def facts(self) -> Facts:
        facts: Facts = dict(zip(FACTS, self._facts(), strict=True))  # type: ignore[assignment]
        return facts


def _formula(data: Any) -> Formula:
    from xpkg.repo.index.encoding import decode_formula

    return decode_formula(data)


def entry_of(recipe: Recipe) -> Entry:
    """What an index keeps of a recipe."""
    facts = facts_of(recipe)
    return Entry(recipe.name, recipe.version, recipe.repository, needs=needs_of(recipe), facts=lambda: facts)


def needs_of(recipe: Recipe) -> tuple[Any, ...]:
    """The part that solving needs, in the order of NO_NEEDS."""
    from xpkg.repo.index.encoding import encode_filter, encode_formula
    from xpkg.repo.opamfile.printer import print_value

    written = recipe.fields.get("available")
    return (
        encode_formula(recipe.depends),
        encode_formula(recipe.depopts),
        encode_formula(recipe.conflicts),
        recipe.conflict_class,
        encode_filter(recipe.available),
        "true" if written is None else print_value(written),
        tuple(sorted(recipe.flags)),
        recipe.x_runs_on,
        recipe.x_toolchain,
        recipe.x_provides,
    )


def facts_of(recipe: Recipe) -> tuple[Any, ...]:
    """The part for people, in the order of FACTS."""
    fields = recipe.fields
    return (
        recipe.synopsis,
        recipe.description,
        texts_in(fields.get("tags")),
        texts_in(fields.get("license")),
        texts_in(fields.get("homepage")),
        texts_in(fields.get("bug-reports")),
        " ".join(texts_in(fields.get("dev-repo"))),
        texts_in(fields.get("maintainer")),
        texts_in(fields.get("authors") or fields.get("author")),
        tuple(url for source in recipe.sources for url in source.urls),
        tuple(str(digest) for source in recipe.sources for digest in source.digests),
        tuple(patch.text for patch in recipe.patches),
        recipe.x_system_tools,
        recipe.unknown_fields,
    )


def wrong_entry(name: str, version: str, repository: str, error: XpkgError) -> Entry:
    """The entry of a version whose recipe, or an overlay on it, is wrong."""
    return Entry(name, version, repository, problem=problem_of(error))


def problem_of(error: XpkgError) -> str:
    """One line that says what is wrong with a recipe, and where."""
    place = error.context[0][1] if error.context else ""
    return error.message if error.message.startswith(place) else f"{place}: {error.message}"


def texts_in(value: Any) -> tuple[str, ...]:
    """A field's strings, filters left out; whatever is no string is not shown."""
    from xpkg.repo.fields import elements
    from xpkg.repo.opamfile.values import Option, String

    if value is None:
        return ()
    found = (one.value if isinstance(one, Option) else one for one in elements(value))
    return tuple(_shown(one.value) for one in found if isinstance(one, String))


def _shown(text: str) -> str:
    """Free text as valid Unicode."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
