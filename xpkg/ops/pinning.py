"""Pinning: recording, changing and removing the pins of a switch.  Nothing is installed or removed by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from xpkg.core.errors import NotFoundError, XpkgError
from xpkg.core.text import did_you_mean, printable
from xpkg.ops.holds import HeldPackage
from xpkg.sandbox.switches import Generation, Pin, Switch

if TYPE_CHECKING:
    from xpkg.ops.home import Home
    from xpkg.ops.pin_making import Made
    from xpkg.ops.pin_words import Wish
    from xpkg.repo.sources.progress import Progress

Pins = dict[str, Pin]


@dataclass(frozen=True, slots=True, kw_only=True)
class PinChange:
    """A pin that is new, another than before, or gone.

    ``installed`` are the versions of the package in the switch; ``known`` says that the repositories have it too.
    ``error`` says why a pin stays as it was, ``declined`` is one that a recipe asks for while the user has his own.
    """

    name: str
    before: Pin | None
    after: Pin | None
    installed: tuple[str, ...] = ()
    known: bool = True
    declined: Pin | None = None
    error: XpkgError | None = None

    @property
    def changed(self) -> bool:
        return self.before != self.after


def add(
    home: Home, switch: Switch, wish: Wish, progress: Progress, *, pin_depends: bool = True
) -> tuple[PinChange, ...]:
    """Record the pins that a wish means; errors as `xpkg.ops.pin_making.make` has them, and then nothing changed.

    Where a recipe asks for pins, the user's own stay.
    """
    from xpkg.ops.pin_making import make

    made = make(home, wish, progress, pin_depends=pin_depends)
    before: Pins = {}

    def added(pins: Pins) -> Pins:
        before.update(pins)
        return with_pins(pins, made)

    return (*_record(home, switch, added), *declined(before, made))


def declined(before: Pins, made: Made) -> Iterable[PinChange]:
    """The pins that recipes ask for where the user has another of his own."""
    for pin in made.needed:
        own = before.get(pin.name)
        if own is not None and not own.by and replace(pin, by="") != own:
            yield PinChange(name=pin.name, before=own, after=own, declined=pin)


def with_pins(pins: Pins, made: Made) -> Pins:
    """The pins with those made; a pin of the user's is not replaced by one that a recipe asks for."""
    asked = {pin.name: pin for pin in made.needed if pin.name not in pins or pins[pin.name].by}
    return pins | asked | {pin.name: pin for pin in made.pins}


def remove(home: Home, switch: Switch, names: Sequence[str]) -> tuple[PinChange, ...]:
    """Forget pins; NotFoundError ``not-pinned`` for a name without one, and then nothing changed."""

    def without(pins: Pins) -> Pins:
        for name in names:
            if name not in pins:
                raise NotFoundError(
                    f"{printable(name)} is not pinned in switch {switch.name}",
                    reference="not-pinned",
                    hint=did_you_mean(name, pins) or "xpkg pin list shows what is",
                )
        return {name: pin for name, pin in pins.items() if name not in names}

    return _record(home, switch, without)


def refresh(home: Home, switch: Switch, progress: Progress, names: Sequence[str] = ()) -> tuple[PinChange, ...]:
    """Look at the sources of pins again, of all or of those named: branches move, recipes in them change.

    A change whose ``error`` is set could not be looked at and stays as it was.  NotFoundError ``not-pinned``.
    """
    pins = {pin.name: pin for pin in switch.current().pins}
    for name in names:
        if name not in pins:
            raise NotFoundError(
                f"{printable(name)} is not pinned in switch {switch.name}",
                reference="not-pinned",
                hint=did_you_mean(name, pins),
            )
    fresh: dict[Pin, Pin] = {}
    failed: list[PinChange] = []
    for pin in pins.values():
        if pin.address and (not names or pin.name in names):
            try:
                fresh[pin] = _again(home, pin, progress)
            except XpkgError as error:
                failed.append(PinChange(name=pin.name, before=pin, after=pin, error=error))

    def moved(now: Pins) -> Pins:
        return {name: fresh.get(pin, pin) for name, pin in now.items()}

    return (*_record(home, switch, moved), *failed)


def _again(home: Home, pin: Pin, progress: Progress) -> Pin:
    from xpkg.ops.pin_making import make
    from xpkg.ops.pin_words import Wish

    if pin.recipe and not pin.commit:
        from xpkg.ops.project_pins import derived_again

        derived = derived_again(home, pin, progress)
        if derived is not None:
            return derived
    wish = Wish(name=pin.name, version=pin.version if pin.given else None, address=pin.address)
    made = make(home, wish, progress, pin_depends=False)
    return replace(made.pins[0], by=pin.by)


def _record(home: Home, switch: Switch, change: Callable[[Pins], Pins]) -> tuple[PinChange, ...]:
    """Make a generation with the pins that ``change`` makes of those there are now; none when that is nothing new."""
    with switch.lock():
        now = switch.current()
        before = {pin.name: pin for pin in now.pins}
        after = change(dict(before))
        check_held(now, [pin for name, pin in after.items() if before.get(name) != pin])
        if after != before:
            switch.amend(home.store, pins=after.values())
    return tuple(_changes(home, now, before, after))


def check_held(now: Generation, pins: Iterable[Pin]) -> None:
    """HeldPackage for a pin to another version than one that is held: nothing could be done with such a switch."""
    held = set(now.held)
    for pin in pins:
        for one in now.installed:
            if one.name == pin.name and (one.name, one.tree) in held and one.version != pin.version:
                raise HeldPackage(
                    f"{pin.name} {one.version} is held, so it cannot be pinned to {pin.version}",
                    hint=f"xpkg unhold {pin.name} releases it",
                )


def _changes(home: Home, now: Generation, before: Pins, after: Pins) -> Iterable[PinChange]:
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old != new:
            installed = sorted({one.version for one in now.installed if one.name == name})
            known = bool(home.universe.repositories_of(name))
            yield PinChange(name=name, before=old, after=new, installed=tuple(installed), known=known)
