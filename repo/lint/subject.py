"""What checks know of one recipe: its file, the fields that have their form, and where it lies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from xpkg.repo.lint.addresses import Address, read_address
from xpkg.repo.lint.field_forms import BACKENDS, FIELDS, URL_FIELDS
from xpkg.repo.lint.findings import Found
from xpkg.repo.lint.forms import Form, WrongForm, hash_kind, listed
from xpkg.repo.lint.walk import Dependency, dependencies
from xpkg.repo.opamfile.file import OpamFile
from xpkg.repo.opamfile.values import Field, Ident, Item, List, Option, Section, String, Value

FORMULAS = ("depends", "depopts", "conflicts")
KNOWN_FLAGS = frozenset(("light-uninstall", "verbose", "plugin", "compiler", "conf", "avoid-version", "deprecated"))
_SCRIPTS = ("build", "install", "remove", "run-test", "build-doc")
_CONDITIONED = ("patches", "messages", "depexts", "libraries", "syntax")


Files = Mapping[str, Callable[[], bytes]]


class Argument(NamedTuple):
    """One argument of a command."""

    word: String | Ident
    condition: Value | None


class Command(NamedTuple):
    """One command; ``place`` is its list."""

    place: Value
    arguments: tuple[Argument, ...]
    condition: Value | None


class SourceSection(NamedTuple):
    """A ``url`` or ``extra-source`` section, or a pair of the old field ``extra-sources``.

    ``addresses`` has the source, then its mirrors; ``hashes`` the checksums, each with its algorithm.
    """

    place: Value | Section
    addresses: tuple[tuple[String, Address], ...]
    hashes: tuple[tuple[String, str], ...]
    subpath: Value | None


class Subject:
    """A recipe under examination.

    ``name`` and ``version`` are the directory's, None when it has no such name.  ``files`` reads what lies in
    ``files/``, by relative path.  ``malformed`` has what is wrong with the form of fields, which ``fields`` then
    lacks: opam reads on without them (``OpamFormat.I.fields``).
    """

    def __init__(self, file: OpamFile, *, name: str | None, version: str | None, files: Files) -> None:
        self.file = file
        self.name = name
        self.version = version
        self.files = files
        self.malformed: list[Found] = []
        self._commands: dict[str, tuple[Command, ...]] = {}
        self.fields = self._fields(file.items, FIELDS)
        self.url = self._url()
        self.extra_sources = tuple(self._extra_sources())
        if "authors" in self.fields and "author" in self.fields and self.elements("authors"):
            self.malformed.append(Found(self.fields.pop("author"), "there are two fields for the authors"))

    def _fields(self, items: tuple[Item, ...], known: Mapping[str, Form]) -> dict[str, Value]:
        fields: dict[str, Value] = {}
        for item in items:
            if not isinstance(item, Field):
                if known is not FIELDS or item.kind not in ("url", "extra-source"):
                    self.malformed.append(Found(item, f"there is no section {item.kind!r}"))
            elif item.name.startswith("x-") and known is FIELDS:
                continue
            elif item.name not in known:
                self.malformed.append(
                    Found(item, f"there is no field {item.name!r}", "a field of one's own begins with x-")
                )
            elif item.name in fields:
                self.malformed.append(Found(item, f"the field {item.name!r} is there twice"))
            else:
                fields[item.name] = item.value
        return {name: value for name, value in fields.items() if self._has_form(known[name], value, name)}

    def _has_form(self, form: Form, value: Value, name: str) -> bool:
        try:
            form(value)
        except WrongForm as problem:
            self.malformed.append(Found(problem.place, f"{name}: {problem.problem}"))
            return False
        return True

    def _url(self) -> SourceSection | None:
        """The source; of several sections the first, as in opam."""
        sections = self.file.sections("url")
        self.malformed += (Found(other, "there is one url section") for other in sections[1:])
        if any(section.name is not None for section in sections):
            self.malformed.append(Found(sections[0], "the url section has no name"))
            return None
        return self._source(sections[0]) if sections else None

    def _source(self, section: Section) -> SourceSection | None:
        fields = self._fields(section.items, URL_FIELDS)
        places = [(name, value) for name in ("src", *BACKENDS) if isinstance(value := fields.get(name), String)]
        self.malformed += (Found(other, f"a source has one address: {one} is too many") for one, other in places[1:])
        if not places:
            self.malformed.append(Found(section, "a source has the field src"))
            return None
        name, place = places[0]
        mirrors = [value for value in _items(fields, "mirrors") if isinstance(value, String)]
        sums = [value for value in _items(fields, "checksum") if isinstance(value, String)]
        return SourceSection(
            section,
            (
                (place, read_address(place.value, backend=BACKENDS.get(name))),
                *((mirror, read_address(mirror.value)) for mirror in mirrors),
            ),
            tuple((value, hash_kind(value.value) or "") for value in sums),
            fields.get("subpath"),
        )

    def _extra_sources(self) -> Iterator[SourceSection]:
        names: set[str | None] = set()
        for section in self.file.sections("extra-source"):
            if section.name is None or section.name in names:
                self.malformed.append(Found(section, "an extra-source has a name of its own"))
            elif (source := self._source(section)) is not None:
                yield source
            names.add(section.name)
        for value in self.elements("extra-sources", 2):
            if isinstance(value, List):
                place, digest = value.items
                place = place.value if isinstance(place, Option) else place
                if isinstance(place, String) and isinstance(digest, String):
                    found = ((place, read_address(place.value)),)
                    yield SourceSection(value, found, ((digest, hash_kind(digest.value) or ""),), None)

    def elements(self, name: str, depth: int = 1) -> tuple[Value, ...]:
        """The elements of a field that is a list; none when it is absent."""
        return _items(self.fields, name, depth)

    def texts(self, name: str) -> tuple[String, ...]:
        """The strings of a field that is a list of strings."""
        return tuple(value for value in self.elements(name) if isinstance(value, String))

    def text(self, name: str) -> String | None:
        """The value of a field that is a string."""
        value = self.fields.get(name)
        return value if isinstance(value, String) else None

    @property
    def stated_name(self) -> str | None:
        """The package's name: what the recipe says, else what the directory does."""
        stated = self.text("name")
        return self.name if stated is None else stated.value

    @cached_property
    def tag_flags(self) -> tuple[tuple[String, str], ...]:
        """The flags that stand among the tags, as ``flags:NAME``."""
        found = ((tag, tag.value.removeprefix("flags:")) for tag in self.texts("tags"))
        return tuple((tag, flag) for tag, flag in found if flag != tag.value)

    @cached_property
    def flags(self) -> frozenset[str]:
        """The flags; of the field ``flags`` those that opam knows."""
        words = (value.name for value in self.elements("flags") if isinstance(value, Ident))
        return frozenset((*KNOWN_FLAGS.intersection(words), *(flag for _, flag in self.tag_flags)))

    def commands(self, name: str) -> tuple[Command, ...]:
        """The commands of a field; an empty list is one empty command, as in opam."""
        found = self._commands.get(name)
        if found is None:
            found = self._commands[name] = tuple(_command(value) for value in self.elements(name, 2))
        return found

    @cached_property
    def scripts(self) -> tuple[Command, ...]:
        """The commands that opam looks at in most checks (not those of ``build-test``)."""
        return tuple(command for name in _SCRIPTS for command in self.commands(name))

    @cached_property
    def packages(self) -> Mapping[str, tuple[Dependency, ...]]:
        """What each formula names."""
        return {name: tuple(dependencies(self.fields[name])) for name in FORMULAS if name in self.fields}

    @cached_property
    def features(self) -> tuple[Dependency, ...]:
        """What the formulas of ``features`` name."""
        found = [value.value for value in self.elements("features") if isinstance(value, Option)]
        return tuple(
            one for value in found if isinstance(value, Option) for item in value.options for one in dependencies(item)
        )

    @property
    def available(self) -> tuple[Value, ...]:
        """What says where the package is available; fields of opam 1 are a part (``handle_deprecated_available``)."""
        return tuple(self.fields[name] for name in ("available", "ocaml-version", "os") if name in self.fields)

    def filters(self, *, after: bool = True) -> Iterator[Value]:
        """The filters outside commands; those of ``post-messages`` only with ``after``."""
        for name in (*_CONDITIONED, "post-messages") if after else _CONDITIONED:
            for value in self.elements(name, 2 if name == "depexts" else 1):
                if isinstance(value, Option):
                    yield from value.options
        yield from self.available
        every = [one for name in FORMULAS for one in self.packages.get(name, ())]
        for dependency in (*every, *self.features):
            yield from dependency.options

    def all_addresses(self) -> Iterator[tuple[String, Address]]:
        """Every address of the recipe (``url``, ``dev-repo``, ``extra-source``, ``pin-depends``)."""
        for source in (self.url, *self.extra_sources):
            if source is not None:
                yield from source.addresses
        if (place := self.text("dev-repo")) is not None:
            yield place, read_address(place.value)
        for value in self.elements("pin-depends", 2):
            if isinstance(value, List) and isinstance(pin := value.items[1], String):
                yield pin, read_address(pin.value)

    def extra_files(self) -> Iterator[tuple[String, String]]:
        """Names and checksums of the field ``extra-files``."""
        for value in self.elements("extra-files", 2):
            if isinstance(value, List) and len(value.items) == 2:
                name, digest = value.items
                if isinstance(name, String) and isinstance(digest, String):
                    yield name, digest


def _items(fields: Mapping[str, Value], name: str, depth: int = 1) -> tuple[Value, ...]:
    value = fields.get(name)
    return () if value is None else listed(value, depth)


def _command(value: Value) -> Command:
    inner, condition = _conditioned(value)
    items = inner.items if isinstance(inner, List) else ()
    return Command(inner, tuple(_argument(item) for item in items), condition)


def _argument(value: Value) -> Argument:
    word, condition = _conditioned(value)
    assert isinstance(word, String | Ident)  # the field has its form
    return Argument(word, condition)


def _conditioned(value: Value) -> tuple[Value, Value | None]:
    if not isinstance(value, Option):
        return value, None
    return value.value, value.options[0] if value.options else None
