"""``xpkg upgrade NAME>=VERSION``: the versions that are meant, none of them older than what is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xpkg.core.errors import UsageError
from xpkg.core.text import did_you_mean
from xpkg.repo.universe import UnknownPackage
from xpkg.repo.versions import Compare, VersionFormula, all_of
from xpkg.solver.model import Exactly

if TYPE_CHECKING:
    from xpkg.solver.model import Instance, VersionSet
    from xpkg.solver.protocol import Context


def no_older(context: Context, one: Instance, wanted: VersionSet) -> VersionFormula:
    """What is ``wanted`` of a name, as it was written where that means nothing older than ``one``, which is installed.

    UnknownPackage when there is no such version, UsageError when every one is older.
    """
    known = context.versions(one.name)
    fitting = [version for version in known if wanted.allows(version)]
    if not fitting:
        raise UnknownPackage(
            f"no version of {one.name} is {wanted}",
            reference="unknown-version",
            context=(("versions", ", ".join(known)),),
            hint=did_you_mean(str(wanted).removeprefix("= "), known),
        )
    # What is not known any more is older than nothing: the way may lead back.
    bound = Compare(">=", one.version)
    newer = [version for version in fitting if one.version not in known or bound.allows(version)]
    if not newer:
        raise UsageError(
            f"{one.name} {one.version} is installed, and an upgrade takes nothing older",
            reference="older-version",
            hint=f"xpkg install {one.name}.{fitting[0]} goes back to it",
        )
    asked = Compare("=", wanted.version) if isinstance(wanted, Exactly) else wanted
    assert isinstance(asked, VersionFormula)
    return asked if len(newer) == len(fitting) else all_of([bound, asked])
