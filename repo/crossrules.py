"""Where a package is needed when a target's package depends on it: ``cross.toml`` of a repository.

    [build]
    dune = "runs while building"
    "conf-*" = "describes the build machine"
    [both]
    "ppx_*" = "the rewriter runs while building, its run-time library is linked"
    [target]
    zarith = "..."

A name decides before a pattern, a pattern with more literal characters before one with fewer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RunsOn = Literal["build", "target", "both"]


@dataclass(frozen=True, slots=True)
class Rule:
    """On which machine a package is needed, and why."""

    runs_on: RunsOn
    reason: str


class CrossRules:
    """All rules in force."""

    def where(self, name: str) -> Rule | None:
        """The rule for a package name, or None when the recipe and its filters decide."""
        raise NotImplementedError
