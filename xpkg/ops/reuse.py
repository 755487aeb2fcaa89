"""What is built already: the outputs of the store that a build would still give, for plans that prefer them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from xpkg.core.errors import StoreError, XpkgError
from xpkg.repo.machine_names import BUILD, NATIVE
from xpkg.solver.model import Instance
from xpkg.solver.reuse import Built

if TYPE_CHECKING:
    from xpkg.repo.universe import Universe
    from xpkg.sandbox.record import OutputRecord
    from xpkg.sandbox.store import Store


def built(store: Store, universe: Universe) -> tuple[Built, ...]:
    """The outputs at hand whose recipe and machine are still those they were built from, in the order of their keys.

    An output with a damaged record is none. Binary caches will add theirs here; their outputs count as the store's.
    """
    return tuple(_stored(store, universe))


def _stored(store: Store, universe: Universe) -> Iterator[Built]:
    for key in store.keys():  # noqa: SIM118 (a store is no mapping)
        record = None
        with suppress(StoreError):
            record = store.output(key).record
        if record is not None and _still_meant(record, universe):
            yield Built(
                key=key,
                instance=Instance(name=record.name, version=record.version, machine=record.machine),
                dependencies=frozenset(record.dependencies),
            )


def _still_meant(record: OutputRecord, universe: Universe) -> bool:
    """Whether a build now would have the recipe and the machine's description that this one had."""
    if not universe.repositories_of(record.name) or record.version not in universe.versions(record.name):
        return False
    with suppress(XpkgError):  # what is wrong now is not chosen
        machine = universe.targets.get(NATIVE if record.machine == BUILD else record.machine)
        if machine is not None and record.inputs.get("target") == str(machine.digest):
            return record.inputs.get("recipe") == str(universe.recipe(record.name, record.version).digest)
    return False
