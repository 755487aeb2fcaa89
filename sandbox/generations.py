"""Generations: the recorded states of a switch, as values and as JSON."""

from __future__ import annotations

import re

from xpkg.core.errors import StoreError
from xpkg.core.values import value
from xpkg.repo.machine_names import BUILD
from xpkg.sandbox.generation_checks import problem

FORMAT = 2
_READ = (1, 2)
"""The formats that can be read: the first knew no pins, holds and invariants."""
RECORD = "generation.json"
"""The name of its file in a generation's directory."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
"""What a switch or one of its trees can be called."""


@value(kw_only=True, order=True)
class Root:
    """A package that the user asked for, in one tree; ``versions`` is the constraint's text or empty.

    ``extras`` says what else it was wanted for: opam's variables ``with-test``, ``with-doc``, ``with-dev-setup``.
    """

    name: str
    machine: str
    versions: str = ""
    tree: str = BUILD
    extras: tuple[str, ...] = ()


@value(kw_only=True, order=True)
class Installed:
    """One installed instance; ``tree`` is the prefix it is in, mostly named as its machine."""

    name: str
    version: str
    machine: str
    key: str
    tree: str


@value(kw_only=True, order=True)
class Tree:
    """One prefix of a generation.

    ``prefix`` is its real path, ``chosen`` says that the user gave it; ``tools`` names the tree
    that takes the place of TOOLS in its files.
    """

    name: str
    prefix: str
    tools: str = BUILD
    chosen: bool = False


@value(kw_only=True, order=True)
class Pin:
    """A package that can be had in one version only.

    ``address`` says where its source is in place of what its recipe says: an absolute path, or a ``git+...`` URL with
    the branch or tag after ``#``; with an empty one only the version is laid down.  ``commit`` is the full commit that
    a git address meant when the pin was made, ``given`` says that the user chose the version of a source.  ``recipe``
    names the kept copy of its recipe, empty where that is read from the directory each time.  ``by`` is the package
    whose recipe asked for the pin.
    """

    name: str
    version: str
    address: str = ""
    commit: str = ""
    given: bool = False
    recipe: str = ""
    by: str = ""


@value(kw_only=True)
class Generation:
    """One recorded state of a switch; number 0 is the empty one before any.

    ``created`` is in seconds since the epoch.  ``held`` has the name and the tree of each instance to be kept as it
    is.  ``invariant`` is a formula over packages in opam's syntax, empty when there is none.
    """

    number: int
    created: float
    targets: tuple[str, ...] = ()
    trees: tuple[Tree, ...] = ()
    roots: tuple[Root, ...] = ()
    installed: tuple[Installed, ...] = ()
    pins: tuple[Pin, ...] = ()
    held: tuple[tuple[str, str], ...] = ()
    invariant: str = ""

    @property
    def keys(self) -> frozenset[str]:
        """The outputs that must stay in the store for this generation."""
        return frozenset(instance.key for instance in self.installed)

    def tree(self, name: str) -> Tree:
        """The tree of that name; KeyError."""
        for tree in self.trees:
            if tree.name == name:
                return tree
        raise KeyError(name)


@value(kw_only=True)
class _File:
    format: int
    generation: Generation


def encode(generation: Generation) -> bytes:
    """The JSON that is kept."""
    import msgspec

    data = msgspec.json.encode(_File(format=FORMAT, generation=generation), order="deterministic")
    return msgspec.json.format(data, indent=1) + b"\n"


def decode(data: bytes, where: str) -> Generation:
    """Read a generation back; StoreError ``switch-damaged`` naming ``where``."""
    import msgspec

    try:
        file = msgspec.json.decode(data, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise damaged(where, str(error)) from error
    if file.format not in _READ:
        known = " and ".join(map(str, _READ))
        raise damaged(where, f"it has format {file.format}, this xpkg reads formats {known}")
    wrong = problem(file.generation)
    if wrong is not None:
        raise damaged(where, wrong)
    return file.generation


def damaged(where: str, why: str) -> StoreError:
    """The error for a generation that cannot be read."""
    return StoreError(
        f"the description of a switch is damaged: {why}",
        reference="switch-damaged",
        context=(("file", where),),
        hint="remove the switch and install again; the store keeps what was built",
    )
