"""Commands of opam 1.x: ``build-test`` and ``build-doc`` are commands of ``build`` and ``install`` with a filter in
2.0 (``OpamFormatUpgrade.opam_file_from_1_2_to_2_0``, ``add_filter``).
"""

from __future__ import annotations

from xpkg.repo.legacy.filters import with_variables
from xpkg.repo.legacy.terms import all_of, split_conditions, with_conditions
from xpkg.repo.opamfile.values import Ident, List, Option, String, Value

_FIELDS = ("build", "install", "remove", "run-test")


def upgrade_commands(values: dict[str, Value]) -> None:
    """Change the fields that hold commands."""
    commands = {name: commands_of(values[name]) for name in _FIELDS if name in values}
    tests = commands_of(values.pop("build-test", None))
    docs = commands_of(values.pop("build-doc", None))
    first = next((number for number, command in enumerate(docs) if _installs(command)), len(docs))
    added = {
        "build": [*_filtered(tests, "with-test"), *_filtered(docs[:first], "with-doc")],
        "install": _filtered(docs[first:], "with-doc"),
    }
    for name, more in added.items():
        if more:
            commands[name] = [*commands.get(name, []), *more]
    for name, found in commands.items():
        # A single command needs its own brackets; the place is that of the field, or of what it came from.
        place = values.get(name) or found[0]
        values[name] = List(place.start, place.end, tuple(with_variables(one, arguments=True) for one in found))


def commands_of(value: Value | None) -> list[Value]:
    """The commands of a field, which may hold one alone or a list (``Pp.V.map_list ~depth:2``)."""
    if value is None:
        return []
    if not isinstance(value, List):
        return [value if isinstance(value, Option) else List(value.start, value.end, (value,))]
    if value.items and not any(isinstance(split_conditions(item)[0], List) for item in value.items):
        return [value]
    return list(value.items)


def only_removes(commands: list[Value]) -> bool:
    """Whether all commands are ``ocamlfind`` or ``rm``: opam needs no source for them."""
    return all(_program(command) in (None, "ocamlfind", "rm") for command in commands)


def _program(command: Value) -> str | None:
    """The text that is a command's program, "" when it is no text, None of an empty command."""
    arguments = split_conditions(command)[0]
    if not isinstance(arguments, List):
        return ""
    if not arguments.items:
        return None
    first = split_conditions(arguments.items[0])[0]
    return first.value if isinstance(first, String) else ""


def _installs(command: Value) -> bool:
    """Whether a text of a command has "install" in it."""
    arguments = split_conditions(command)[0]
    texts = [split_conditions(item)[0] for item in arguments.items] if isinstance(arguments, List) else []
    return any(isinstance(text, String) and "install" in text.value for text in texts)


def _filtered(commands: list[Value], variable: str) -> list[Value]:
    found = []
    for command in commands:
        inner, condition = split_conditions(command)
        found.append(with_conditions(inner, all_of(Ident(inner.start, inner.start, variable), condition)))
    return found
