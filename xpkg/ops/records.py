"""What installed instances were built with, as the store recorded it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from xpkg.core.errors import StoreError
from xpkg.core.values import value
from xpkg.solver.model import Instance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xpkg.ops.present import Present
    from xpkg.sandbox.store import Store


@value(kw_only=True)
class Record:
    """An installed instance as it was built: by which key, with what directly, and with what in all."""

    key: str
    requires: tuple[Instance, ...]
    closure: frozenset[Instance]


def records(store: Store, here: Present) -> Mapping[Instance, Record]:
    """The records of what is installed.

    Of an output that is not in the store any more, has a damaged record, or was built with something that is not
    installed, there is none.
    """
    instances = {key: instance for instance, key in here.keys}
    found = {}
    for instance, key in here.keys:
        with suppress(StoreError):
            origin = store.origin(key)
            if instances.keys() >= {*origin.dependencies, *origin.requires}:
                found[instance] = Record(
                    key=key,
                    requires=tuple(sorted(instances[one] for one in origin.requires)),
                    closure=frozenset(instances[one] for one in origin.dependencies),
                )
    return found
