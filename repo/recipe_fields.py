"""The fields of a recipe that have a structure of their own: commands, environment, sources, system packages.

Forms: opam manual, "opam files".
"""

from __future__ import annotations

from collections.abc import Iterator

from xpkg.core.digests import Digest
from xpkg.repo.fields import Fields, elements, filtered, text_of
from xpkg.repo.filters import TRUE, Comparison, Every, Filter, Some, Text, Variable
from xpkg.repo.names import name_problem, path_problem, version_problem
from xpkg.repo.opamfile.file import OpamFile
from xpkg.repo.opamfile.values import Ident, List, Option, PrefixRelation, Relation, String, Update, Value
from xpkg.repo.recipes import Arg, Command, EnvUpdate, ExtraSource, Provided
from xpkg.repo.source_values import Source

_URL_FIELDS = ("src", "archive", "http", "git", "hg", "darcs", "local")
_HASHES = ("md5=", "sha256=", "sha512=")


def commands_of(fields: Fields, name: str) -> tuple[Command, ...]:
    """``build`` and ``install``: a list of commands, one command alone, or its only word (opamFormat.ml, depth 2)."""
    value = fields.values.get(name)
    if value is None:
        return ()
    whole, condition = filtered(value, fields.file)
    if not isinstance(whole, List):  # "build: make" is a command of one word
        return (Command(args=(_argument(whole, fields.file),), filter=condition),)
    inner = [filtered(item, fields.file)[0] for item in whole.items]
    if inner and not any(isinstance(item, List) for item in inner):
        return (_command(whole, condition, fields.file),)
    if condition is not None:
        raise fields.file.error("a filter stands after a command, not after the list of commands", value)
    return tuple(_command(*filtered(item, fields.file), fields.file) for item in whole.items)


def _command(value: Value, condition: Filter | None, file: OpamFile) -> Command:
    if not isinstance(value, List):
        raise file.error("expected a command: a list of a program and its arguments", value)
    return Command(args=tuple(_argument(item, file) for item in value.items), filter=condition)


def _argument(value: Value, file: OpamFile) -> Arg:
    inner, condition = filtered(value, file)
    if isinstance(inner, Ident):
        return Arg(text=inner.name, filter=condition, variable=True)
    return Arg(text=text_of(inner, file, _given_problem), filter=condition)


def _given_problem(text: str) -> str | None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return "what a command is given is UTF-8"  # they enter records and logs, which are
    return None


def updates_of(fields: Fields, name: str) -> tuple[EnvUpdate, ...]:
    """``setenv`` and ``build-env``: ``[NAME += "text"]``, one or several, with filters."""
    return tuple(update for value in fields.elements(name) for update in _updates(value, None, fields.file))


def _updates(value: Value, condition: Filter | None, file: OpamFile) -> Iterator[EnvUpdate]:
    if isinstance(value, Option):
        inner, own = filtered(value, file)
        both = tuple(part for part in (condition, own) if part is not None)
        yield from _updates(inner, Every(both) if both else None, file)
    elif isinstance(value, List):
        for item in value.items:
            yield from _updates(item, condition, file)
    elif isinstance(value, Update | Relation) and isinstance(value.left, Ident):
        if isinstance(value, Relation) and value.operator != "=":
            raise file.error("expected = += =+ := =: or =+=", value)
        text = text_of(value.right, file, _given_problem)
        yield EnvUpdate(name=value.left.name, operator=value.operator, value=text, filter=condition)
    else:
        raise file.error('expected an update of the environment: NAME += "text"', value)


def sources_of(fields: Fields) -> tuple[Source, ...]:
    """``url``, then ``x-alternative-sources``: each its own bytes with its own digests."""
    file = fields.file
    sections = file.sections("url")
    if len(sections) > 1:
        raise file.error("there are two url sections", sections[1])
    first = [_source(Fields(file, section), section.start) for section in sections]
    return (*(source for source in first if source is not None), *_alternatives(fields))


def _source(fields: Fields, place: int) -> Source | None:
    """A ``url`` or ``extra-source`` section; an empty one is no source."""
    urls = [url_of(value, fields.file) for name in _URL_FIELDS for value in fields.elements(name)]
    mirrors = [url_of(value, fields.file) for value in fields.elements("mirrors")]
    digests = tuple(digest_of(value, fields.file) for value in fields.elements("checksum"))
    if urls:
        return Source(urls=(*urls, *mirrors), digests=digests)
    if mirrors or digests:
        raise fields.file.error("a source has the field src", String(place, place, ""))
    return None


def _alternatives(fields: Fields) -> Iterator[Source]:
    values = fields.elements("x-alternative-sources")
    if values and isinstance(values[0], String):
        values = (fields.values["x-alternative-sources"],)
    for value in values:
        parts = elements(value)
        digests = [part for part in parts if isinstance(part, String) and part.value.startswith(_HASHES)]
        urls = tuple(url_of(part, fields.file) for part in parts if part not in digests)
        if not urls or not digests:
            raise fields.file.error("an alternative source has an address and at least one hash", value)
        yield Source(urls=urls, digests=tuple(digest_of(part, fields.file) for part in digests))


def extra_sources_of(file: OpamFile) -> tuple[ExtraSource, ...]:
    """The sections ``extra-source "name"``."""
    found = []
    for section in file.sections("extra-source"):
        problem = path_problem(section.name or "")
        source = _source(Fields(file, section), section.start)
        if problem is not None:
            raise file.error(f"extra-source {section.name!r}: {problem}", section)
        if source is None:
            raise file.error("an extra-source has the field src", section)
        found.append(ExtraSource(name=section.name or "", source=source))
    return tuple(found)


def extra_files_of(fields: Fields) -> tuple[tuple[str, Digest], ...]:
    """``extra-files``: what ``files/`` must hold, with digests."""
    values = fields.elements("extra-files")
    if values and isinstance(values[0], String):
        values = (fields.values["extra-files"],)
    found = []
    for value in values:
        parts = elements(value)
        if len(parts) != 2:
            raise fields.file.error("an extra file has a name and one hash", value)
        found.append((text_of(parts[0], fields.file, path_problem), digest_of(parts[1], fields.file)))
    return tuple(found)


def provides_of(fields: Fields, name: str, version: str) -> tuple[Provided, ...]:
    """``x-provides``: names, each perhaps with ``{= "VERSION"}``; without, it is provided in the package's own."""
    found: dict[str, str] = {}
    for value in fields.elements("x-provides"):
        inner, stated = (
            (value.value, _provided_version(value, fields.file)) if isinstance(value, Option) else (value, version)
        )
        provided = text_of(inner, fields.file, name_problem)
        if provided == name or provided in found:
            problem = "a package need not provide its own name" if provided == name else f"{provided} is there twice"
            raise fields.file.error(problem, inner)
        found[provided] = stated
    return tuple(sorted(found.items()))


def _provided_version(value: Option, file: OpamFile) -> str:
    relation = value.options[0] if len(value.options) == 1 else None
    if not isinstance(relation, PrefixRelation) or relation.operator != "=":
        raise file.error('expected the version provided: {= "1.2"}', value)
    return text_of(relation.value, file, version_problem)


def url_of(value: Value, file: OpamFile) -> str:
    """An address; it can be neither an option of a program nor hold control characters or spaces."""
    return text_of(value, file, url_problem)


def url_problem(url: str) -> str | None:
    if not url or url.startswith("-"):
        return "an address does not begin with '-' and is not empty"
    if not url.isprintable() or " " in url or len(url) > 2000:
        return "an address has no spaces and no control characters, and at most 2000 characters"
    return None


def digest_of(value: Value, file: OpamFile) -> Digest:
    """``algorithm=hex``"""
    text = text_of(value, file)
    try:
        return Digest.parse(text)
    except ValueError as error:
        raise file.error(f"bad hash: {error}", value) from error


def depexts_of(fields: Fields) -> tuple[tuple[tuple[str, ...], Filter], ...]:
    """``depexts``: ``["package" ...] {filter}``, any number of times."""
    found: list[tuple[tuple[str, ...], Filter]] = []
    value = fields.values.get("depexts")
    values = fields.elements("depexts")
    if value is not None and values and all(isinstance(item, String) for item in values):
        values = (value,)
    for item in values:
        inner, condition = filtered(item, fields.file)
        parts = elements(inner)
        if condition is None and len(parts) == 2 and all(isinstance(part, List) for part in parts):
            systems, parts = elements(parts[0]), elements(parts[1])
            condition = Every(tuple(_system(text_of(part, fields.file)) for part in systems))
        names = tuple(text_of(part, fields.file, _depext_problem) for part in parts)
        found.append((names, condition or TRUE))
    return tuple(found)


def _system(flag: str) -> Filter:
    """A condition of the form of opam 1.x, ``[["debian"] ["libfoo-dev"]]``: one of four variables has the value."""
    variables = ("os-distribution", "os-family", "os", "arch")
    return Some(tuple(Comparison("=", Variable((), name), Text(flag)) for name in variables))


def _depext_problem(name: str) -> str | None:
    # These names become arguments of a system's package manager (opam PR 6894).
    if not name or name.startswith("-") or not name.isprintable() or len(name) > 200:
        return "a system package's name is not empty, printable and does not begin with '-'"
    return None
