"""A recipe of opam 1.x as one of format 2.0: which rule is for which field.

Sources: ``OpamFile.OPAM`` (``alias_fields``, ``handle_flags_in_tags``, ``handle_deprecated_available``),
``OpamFileTools.add_aux_files``, ``OpamFormatUpgrade.opam_file_from_1_2_to_2_0``.
"""

from __future__ import annotations

from xpkg.repo.legacy.addresses import modern
from xpkg.repo.legacy.availability import compilers_of
from xpkg.repo.legacy.commands import commands_of, only_removes, upgrade_commands
from xpkg.repo.legacy.depexts import depexts_of
from xpkg.repo.legacy.files import SideFiles, UpgradedFile, upgraded
from xpkg.repo.legacy.filters import with_variables
from xpkg.repo.legacy.packages import upgrade_packages
from xpkg.repo.legacy.sources import extra_sources, source_fields
from xpkg.repo.legacy.terms import all_of, any_of, joined, moved
from xpkg.repo.opamfile.file import OpamFile, parse
from xpkg.repo.opamfile.values import (
    Field,
    Group,
    Ident,
    Item,
    List,
    Logical,
    Option,
    Prefix,
    PrefixRelation,
    Relation,
    Section,
    String,
    Value,
)

KEPT = frozenset(
    ("ocaml", "ocaml-base-compiler", "ocaml-variants", "ocaml-system", "base-bigarray", "base-threads", "base-unix")
)
"""Packages that compilers themselves need, so that they cannot need a compiler (``OpamAdminRepoUpgrade``)."""
_FILTERED = ("patches", "messages", "post-messages", "libraries", "syntax", "features")
_FLAG_TAG = "flags:"
_DISJUNCTIVE_SINCE = (1, 2)


def upgrade(file: OpamFile, name: str, sides: SideFiles) -> UpgradedFile:
    """The recipe of the package ``name`` in format 2.0.

    OpamSyntaxError when ``url`` does not parse, or a field is there twice.  Fields with a value that no rule fits are
    left to whoever reads the recipe.
    """
    values = {item.name: item.value for item in file.items if isinstance(item, Field)}
    repeated = [
        item
        for item in file.items
        if isinstance(item, Field) and values[item.name] is not item.value and not item.name.startswith("x-")
    ]
    if repeated:
        raise file.error(f"the field {repeated[0].name!r} is there twice", repeated[0])
    sections = [item for item in file.items if isinstance(item, Section)]
    texts: list[tuple[str, str]] = []
    _add_sides(file, sides, values, sections, texts)
    version = _version(values["opam-version"])
    values["opam-version"] = String(values["opam-version"].start, values["opam-version"].end, "2.0")
    _rename(values)
    _flags(values)
    _packages(values, name, disjunctive=version >= _DISJUNCTIVE_SINCE)
    upgrade_commands(values)
    for field in _FILTERED:
        if field in values:
            values[field] = with_variables(values[field])
    if "depexts" in values:
        values["depexts"] = depexts_of(values["depexts"])
    if "extra-sources" in values:
        sections.extend(extra_sources(values.pop("extra-sources")))
    fields: list[Item] = [Field(value.start, value.end, field, value) for field, value in values.items()]
    return upgraded(file, (*fields, *sections), tuple(texts))


def _version(value: Value) -> tuple[int, ...]:
    text = value.value if isinstance(value, String) else ""
    return tuple(int(part) if part.isdecimal() else 0 for part in text[:20].split("."))


def _add_sides(
    file: OpamFile,
    sides: SideFiles,
    values: dict[str, Value],
    sections: list[Section],
    texts: list[tuple[str, str]],
) -> None:
    """``descr`` and ``url`` (file and field) become fields and a section, unless those are there."""
    place = len(file.text) + 1
    if sides.url is not None and not any(section.kind == "url" for section in sections):
        name = sides.name("url")
        items = moved(parse(sides.url, name).items, place)
        sections.append(Section(place, place + len(sides.url), "url", None, source_fields(items)))
        texts.append((name, sides.url))
        place += len(sides.url) + 1
    described = "synopsis" in values or "description" in values
    written = values.pop("descr", None)
    if isinstance(written, String) and not described:
        _describe(values, written.value, written.start)
    elif sides.descr is not None and not described:
        _describe(values, sides.descr, place)
        texts.append((sides.name("descr"), sides.descr))


def _describe(values: dict[str, Value], text: str, place: int) -> None:
    """The first line is the synopsis, the rest the description (``OpamFile.Descr``)."""
    synopsis, _, rest = text.partition("\n")
    values["synopsis"] = String(place, place, synopsis.strip())
    if rest.strip():
        values["description"] = String(place, place, rest.strip())


def _rename(values: dict[str, Value]) -> None:
    values.pop("configure-style", None)
    author = values.pop("author", None)
    if author is not None:
        values.setdefault("authors", author)
    address = values.get("dev-repo")
    if isinstance(address, String):
        values["dev-repo"] = String(address.start, address.end, modern(address.value))


def _flags(values: dict[str, Value]) -> None:
    """Tags ``flags:x`` are flags; removing needs no source when it is ``ocamlfind`` or ``rm``."""
    tags = values.get("tags")
    listed = tags.items if isinstance(tags, List) else () if tags is None else (tags,)
    marked = [tag for tag in listed if isinstance(tag, String) and tag.value.startswith(_FLAG_TAG)]
    flags = values.get("flags")
    found = list(flags.items if isinstance(flags, List) else () if flags is None else (flags,))
    found += [Ident(tag.start, tag.end, tag.value.removeprefix(_FLAG_TAG)) for tag in marked]
    if "remove" in values and only_removes(commands_of(values["remove"])):
        found.append(Ident(values["remove"].start, values["remove"].end, "light-uninstall"))
    if tags is not None and marked:
        kept = (tag for tag in listed if not isinstance(tag, String) or not tag.value.startswith(_FLAG_TAG))
        values["tags"] = List(tags.start, tags.end, tuple(kept))
    distinct = {flag.name if isinstance(flag, Ident) else repr(flag): flag for flag in found}
    if distinct:
        place = flags or found[0]
        values["flags"] = List(place.start, place.end, tuple(distinct.values()))


def _packages(values: dict[str, Value], name: str, *, disjunctive: bool) -> None:
    """``available``, ``ocaml-version`` and ``os``; every package but those for configuration needs a compiler."""
    old = [_on_system(values.pop("os", None)), _on_version(values.pop("ocaml-version", None))]
    stated = values.pop("available", None)
    listed = stated.items if isinstance(stated, List) else () if stated is None else (stated,)
    available = all_of(*old, *listed)
    needs, excludes = {}, {}
    if available is not None and name not in KEPT:
        found = compilers_of(available)
        needs, excludes, available = found.needs, found.excludes, found.filter
    if available is not None:
        available = with_variables(available)
        values["available"] = available
    flags = values.get("flags")
    conf = isinstance(flags, List) and any(isinstance(flag, Ident) and flag.name == "conf" for flag in flags.items)
    if not conf and name not in KEPT:
        needs.setdefault("ocaml", None)
    upgrade_packages(values, needs, excludes, disjunctive=disjunctive)


def _on_version(value: Value | None) -> Value | None:
    """``ocaml-version: [>= "4.00"]`` as a filter."""
    match value:
        case None:
            return None
        case List() | Group():
            return all_of(*map(_on_version, value.items))
        case Logical():
            return joined(value.operator, [part for part in map(_on_version, value.items) if part is not None])
        case Prefix(start, end, operator, inner):
            condition = _on_version(inner)
            return None if condition is None else Prefix(start, end, operator, Group(start, end, (condition,)))
        case PrefixRelation(start, end, operator, version):
            if isinstance(version, Ident):  # the word system, without quotes
                version = String(version.start, version.end, version.name)
            return Relation(start, end, operator, Ident(start, start, "ocaml-version"), version)
    return value


def _on_system(value: Value | None) -> Value | None:
    """``os: ["linux" "freebsd"]`` as a filter."""
    match value:
        case None:
            return None
        case List() | Group():
            return any_of(*map(_on_system, value.items))
        case Logical():
            return joined(value.operator, [part for part in map(_on_system, value.items) if part is not None])
        case Prefix(start, end, operator, inner):
            condition = _on_system(inner)
            return None if condition is None else Prefix(start, end, operator, Group(start, end, (condition,)))
        case String(start, end):
            return Relation(start, end, "=", Ident(start, start, "os"), value)
        case Option(value=inner):
            return _on_system(inner)
    return value
