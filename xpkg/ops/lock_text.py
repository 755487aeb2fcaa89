"""A lock as text: TOML in one form, so that equal locks are equal bytes and a change is a short difference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from xpkg.ops.lock_file import FORMAT, LockedInstance, LockedPackage, LockedRepository, LockFile

_WIDTH = 100
_HEAD = "# Made by `xpkg lock`, for `xpkg install --locked`; change it with `xpkg lock`.\n"

_Value = str | int | bool | Sequence[str]


def lock_text(lock: LockFile) -> str:
    """The file; keys that hold nothing are left out."""
    parts = [
        _HEAD + _lines([("format", FORMAT), ("invariant", lock.invariant)]),
        _block("[build]", [("key-format", lock.building.key_format), ("isolation", lock.building.isolation)]),
    ]
    for target in lock.targets:
        parts.append(_block("[[target]]", [("name", target.name), ("packages", target.packages), *target.extras]))
    for machine in lock.machines:
        parts.append(_block("[[machine]]", [("name", machine.name), ("definition", machine.definition)]))
    for pin in lock.pins:
        known = [("name", pin.name), ("version", pin.version), ("kind", pin.kind)]
        parts.append(_block("[[pin]]", [*known, ("address", pin.address), ("commit", pin.commit)]))
    parts += [_block("[[repository]]", _repository(one)) for one in lock.repositories]
    parts += [_block("[[package]]", _package(one)) for one in lock.packages]
    parts += [_block("[[instance]]", _instance(one)) for one in lock.instances]
    return "\n".join(parts)


def _repository(one: LockedRepository) -> list[tuple[str, _Value]]:
    return [("name", one.name), ("kind", one.kind), ("address", one.address), ("revision", one.revision)]


def _package(one: LockedPackage) -> list[tuple[str, _Value]]:
    return [
        ("name", one.name),
        ("version", one.version),
        ("repository", one.repository),
        ("recipe", one.recipe),
        ("opam", one.opam),
        ("files", [f"{digest} {name}" for name, digest in one.files]),
        ("overlays", one.overlays),
        ("sources", [str(source) for source in one.sources]),
    ]


def _instance(one: LockedInstance) -> list[tuple[str, _Value]]:
    return [
        ("target", one.target),
        ("name", one.name),
        ("version", one.version),
        ("machine", one.machine),
        ("requested", one.requested),
        ("depends", one.depends),
        ("key", one.key),
    ]


def _block(head: str, rows: Iterable[tuple[str, _Value]]) -> str:
    return f"{head}\n{_lines(rows)}"


def _lines(rows: Iterable[tuple[str, _Value]]) -> str:
    return "".join(f"{key} = {_value(value, len(key))}\n" for key, value in rows if value is True or _says(value))


def _says(value: _Value) -> bool:
    return not isinstance(value, bool) and value not in ("", (), [])


def _value(value: _Value, indent: int) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _string(value)
    items = [_string(one) for one in value]
    line = f"[{', '.join(items)}]"
    if len(line) + indent + 3 <= _WIDTH:
        return line
    return "[\n" + "".join(f"    {item},\n" for item in items) + "]"


def _string(text: str) -> str:
    """A basic string (TOML 1.0, "String"): quotes, backslashes and control characters are escaped."""
    return '"' + "".join(map(_character, text)) + '"'


def _character(one: str) -> str:
    if one in '"\\':
        return f"\\{one}"
    return one if one >= " " and one != "\x7f" else f"\\u{ord(one):04x}"
