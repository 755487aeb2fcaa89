"""What a user writes for one package: a name, a name with its version, a name with a constraint."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from xpkg.core.errors import UsageError

if TYPE_CHECKING:
    from xpkg.repo.universe import Universe

# NAME, NAME.VERSION, or NAME and a comparison, as opam's command line takes them.
_SPELLED = re.compile(r"(?P<name>[A-Za-z0-9_+-]+)(?:(?P<operator>\.|>=|<=|!=|=|>|<)(?P<version>[A-Za-z0-9_+.~-]+))?")


class Spelling:
    """A name and, unless any version will do, an operator with a version; ``=`` means the version so spelled.

    No dataclass: every query reads at least one of these when it starts.
    """

    __slots__ = ("name", "operator", "version")

    def __init__(self, name: str, operator: str | None = None, version: str = "") -> None:
        self.name, self.operator, self.version = name, operator, version

    def allows(self, version: str) -> bool:
        """Whether that version is meant."""
        if self.operator is None or self.operator == "=":
            return self.operator is None or version == self.version
        from xpkg.repo.version_order import holds

        return holds(self.operator, version, self.version)

    def versions(self, universe: Universe) -> tuple[str, ...]:
        """The versions meant, newest first; UnknownPackage when the name or every version is missing."""
        known = universe.versions(self.name)
        found = tuple(version for version in known if self.allows(version))
        if not found:
            from xpkg.core.text import did_you_mean
            from xpkg.repo.universe import UnknownPackage

            raise UnknownPackage(
                f"no version of {self.name} is {self.constraint}",
                reference="unknown-version",
                context=(("versions", ", ".join(known)),),
                hint=did_you_mean(self.version, known) if self.operator == "=" else None,
            )
        return found

    @property
    def constraint(self) -> str:
        """The constraint as messages show it; empty for any version."""
        if self.operator is None:
            return ""
        return f"= {self.version}" if self.operator == "=" else f'{self.operator} "{self.version}"'


def read_spelling(text: str) -> Spelling:
    """Read what the user wrote for one package; UsageError says what forms there are."""
    match = _SPELLED.fullmatch(text)
    if match is None:
        raise UsageError(
            f"{text!r} does not name a package",
            reference="bad-package",
            hint="write NAME, NAME.VERSION, or a quoted constraint such as 'NAME>=VERSION'",
        )
    operator = match["operator"]
    return Spelling(match["name"], "=" if operator == "." else operator, match["version"] or "")


def read_spellings(texts: Sequence[str]) -> list[Spelling]:
    """Several, each of ``texts`` with commas between them, as opam's options take them."""
    return [read_spelling(one) for text in texts for one in text.split(",") if one]
