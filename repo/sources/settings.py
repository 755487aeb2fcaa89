"""How to fetch on this machine: bounds, and the environment of the registries' clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from xpkg.core.programs import find_program

_DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSettings:
    """Bounds in seconds and bytes; ``environment`` is the user's, for git, apt, pip and npm.

    ``mirrors`` are base URLs of archives by hash in opam's layout (``BASE/sha256/aa/HEX``), tried
    before a source's own URLs.  ``python`` is the interpreter whose pip is asked first.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    mirrors: tuple[str, ...] = ()
    python: str | None = None
    connect_seconds: float = 20
    idle_seconds: float = 45
    total_seconds: float = 3600
    least_rate: int = 512  # bytes a second, over each slow_seconds
    slow_seconds: float = 60
    max_bytes: int = 8 << 30
    attempts: int = 3  # of one URL, each going on where the last one broke off
    backoff_seconds: float = 0.5

    def client_environment(self, **changes: str) -> dict[str, str]:
        """The environment for a client: the user's, with messages in English for our parsers."""
        return {"PATH": _DEFAULT_PATH, **self.environment, "LC_ALL": "C", **changes}

    def tool(self, name: str, needed_for: str, package: str) -> str:
        """The absolute path of a client; ConfigurationError naming the tool and how to get it."""
        path = self.environment.get("PATH", _DEFAULT_PATH)
        return find_program(name, package, needed_for=needed_for, search_path=path)
