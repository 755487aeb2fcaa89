"""What queries and the solver need of one version, without its file: the part of a recipe that an index keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from xpkg.repo.filters import Filter
    from xpkg.repo.formulas import Formula
    from xpkg.repo.recipes import Recipe


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


class Entry:
    """One version of one package in one repository.

    ``problem`` says why its recipe cannot be used, with the place; all else is empty then.  ``available_text`` is
    the condition as written.  No dataclass: whoever reads an index makes thousands of these.
    """

    __slots__ = (
        "available",
        "available_text",
        "conflict_class",
        "conflicts",
        "depends",
        "depopts",
        "facts",
        "flags",
        "name",
        "problem",
        "repository",
        "version",
        "x_runs_on",
        "x_toolchain",
    )

    name: str
    version: str
    repository: str
    problem: str | None
    depends: Formula
    depopts: Formula
    conflicts: Formula
    conflict_class: tuple[str, ...]
    available: Filter
    available_text: str
    flags: frozenset[str]
    x_runs_on: str | None
    x_toolchain: str | None
    facts: Facts

    def __init__(self, name: str, version: str, repository: str, problem: str | None = None) -> None:
        from xpkg.repo.filters import TRUE
        from xpkg.repo.formulas import And

        nothing: Formula = And(())
        self.name, self.version, self.repository, self.problem = name, version, repository, problem
        self.depends = self.depopts = self.conflicts = nothing
        self.conflict_class = ()
        self.available, self.available_text = TRUE, "true"
        self.flags = frozenset()
        self.x_runs_on = self.x_toolchain = None
        self.facts = no_facts()


def no_facts() -> Facts:
    """What a recipe that cannot be read says."""
    return Facts(
        synopsis="",
        description="",
        tags=(),
        license=(),
        homepage=(),
        bug_reports=(),
        dev_repo="",
        maintainer=(),
        authors=(),
        sources=(),
        checksums=(),
        patches=(),
        system_tools=(),
        unknown_fields=(),
    )


def entry_of(recipe: Recipe) -> Entry:
    """What an index keeps of a recipe."""
    from xpkg.repo.opamfile.printer import print_value

    entry = Entry(recipe.name, recipe.version, recipe.repository)
    entry.depends, entry.depopts, entry.conflicts = recipe.depends, recipe.depopts, recipe.conflicts
    entry.conflict_class, entry.flags = recipe.conflict_class, recipe.flags
    entry.available = recipe.available
    written = recipe.fields.get("available")
    entry.available_text = "true" if written is None else print_value(written)
    entry.x_runs_on, entry.x_toolchain = recipe.x_runs_on, recipe.x_toolchain
    entry.facts = _facts(recipe)
    return entry


def _facts(recipe: Recipe) -> Facts:
    return Facts(
        synopsis=recipe.synopsis,
        description=recipe.description,
        tags=_texts(recipe, "tags"),
        license=_texts(recipe, "license"),
        homepage=_texts(recipe, "homepage"),
        bug_reports=_texts(recipe, "bug-reports"),
        dev_repo=" ".join(_texts(recipe, "dev-repo")),
        maintainer=_texts(recipe, "maintainer"),
        authors=_texts(recipe, "authors"),
        sources=tuple(url for source in recipe.sources for url in source.urls),
        checksums=tuple(str(digest) for source in recipe.sources for digest in source.digests),
        patches=tuple(patch.text for patch in recipe.patches),
        system_tools=recipe.x_system_tools,
        unknown_fields=recipe.unknown_fields,
    )


def _texts(recipe: Recipe, field: str) -> tuple[str, ...]:
    """A field's strings, filters left out; whatever is no string is not shown."""
    from xpkg.repo.fields import elements
    from xpkg.repo.opamfile.values import Option, String

    value = recipe.fields.get(field)
    if value is None:
        return ()
    found = (one.value if isinstance(one, Option) else one for one in elements(value))
    return tuple(one.value for one in found if isinstance(one, String))
