"""Sources of opam 1.x: the file ``url``, the fields ``archive``, ``git``, ..., and ``extra-sources``."""

from __future__ import annotations

from xpkg.repo.legacy.addresses import BACKENDS, modern
from xpkg.repo.legacy.terms import split_conditions
from xpkg.repo.opamfile.values import Field, Item, List, Section, String, Value


def source_fields(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """The fields of a ``url`` file as those of a section (``OpamFile.URL``): the address is ``src``.

    Of ``checksum`` written several times opam takes the first; here all must hold.
    """
    found: list[Item] = []
    checksums: list[Field] = []
    for item in items:
        if isinstance(item, Field) and item.name == "checksum":
            checksums.append(item)
        elif isinstance(item, Field) and item.name in BACKENDS and isinstance(item.value, String):
            value = String(item.value.start, item.value.end, modern(item.value.value, BACKENDS[item.name]))
            found.append(Field(item.start, item.end, "src", value))
        elif not (isinstance(item, Field) and item.name == "opam-version"):
            found.append(item)
    if len(checksums) > 1:
        first = checksums[0]
        listed = (one.value.items if isinstance(one.value, List) else (one.value,) for one in checksums)
        values = tuple(value for values in listed for value in values)
        checksums = [Field(first.start, first.end, "checksum", List(first.value.start, first.value.end, values))]
    return (*found, *checksums)


def extra_sources(value: Value) -> tuple[Section, ...]:
    """``extra-sources``: ``["address" {"name"} "hash"]``, the name being that of the address when there is none."""
    values = value.items if isinstance(value, List) else ()
    if values and not isinstance(values[0], List):
        values = (value,)
    return tuple(_extra(item) for item in values)


def _extra(value: Value) -> Section:
    parts = value.items if isinstance(value, List) else (value,)
    address, name = split_conditions(parts[0]) if parts else (value, None)
    written = name.value if isinstance(name, String) else _basename(address)
    fields = [Field(address.start, address.end, "src", address)]
    fields += [Field(part.start, part.end, "checksum", part) for part in parts[1:2]]
    return Section(value.start, value.end, "extra-source", written, tuple(fields))


def _basename(address: Value) -> str:
    text = address.value if isinstance(address, String) else ""
    return text.partition("#")[0].rstrip("/").rpartition("/")[2]
