"""What is kept with the tree of a failed build, so that it can be entered as it was: ``failed.json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xpkg.core.errors import StoreError

RECORD = "failed.json"
"""The name of its file in the kept directory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedView:
    """How the commands of a failed build were run; ``tools``, ``target`` and ``system_tools`` as of a build task."""

    label: str
    environment: Mapping[str, str]
    tools: tuple[str, ...]
    target: tuple[str, ...] | None
    system_tools: Mapping[str, str]


def encode(view: FailedView) -> bytes:
    """The JSON that is kept."""
    import msgspec

    return msgspec.json.format(msgspec.json.encode(view, order="deterministic"), indent=1) + b"\n"


def decode(data: bytes, where: str) -> FailedView:
    """Read it back; StoreError ``failed-build-damaged`` naming ``where``."""
    import msgspec

    try:
        view = msgspec.json.decode(data, type=FailedView)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise damaged(where, str(error)) from error
    if any("\0" in text for pair in view.environment.items() for text in pair):
        raise damaged(where, "a variable of its environment holds a NUL character")
    return view


def damaged(where: str, why: str) -> StoreError:
    """The error for a kept build that cannot be entered."""
    return StoreError(
        f"the kept tree of a failed build is damaged: {why}",
        reference="failed-build-damaged",
        context=(("file", where),),
        hint="remove its directory; the same install command builds it again",
    )
