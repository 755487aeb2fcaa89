"""Why a version is not for a machine: its ``available`` and the variables that make it false."""

from __future__ import annotations

from xpkg.repo.entries import Entry
from xpkg.repo.filters import Environment, is_true
from xpkg.repo.interpolate import Value
from xpkg.solver.model import on_machine

_MOST_NAMED = 4


def unavailable(entry: Entry, environment: Environment, machine: str) -> str:
    """The reason of a version that is not for this machine; variables are named that were looked at."""
    looked_at: dict[str, Value] = {}

    def remembering(name: str) -> Value:
        looked_at[name] = environment(name)
        return looked_at[name]

    is_true(entry.available, remembering)
    condition = entry.available_text.removeprefix("[").removesuffix("]").strip()
    values = ", ".join(_told(name, value) for name, value in [*looked_at.items()][:_MOST_NAMED])
    there = f" ({values})" if values else ""
    return f"it is not available {on_machine(machine)}: {condition} is false{there}"


def _told(name: str, value: Value) -> str:
    if value is None:
        return f"{name} is not known"
    return f"{name} = {str(value).lower() if isinstance(value, bool) else value}"
