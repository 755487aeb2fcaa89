"""What an index keeps of a recipe, from its text, fast.

The versions of a package repeat most of each other's fields to the letter.  So a text is cut before each line that
begins a field, and each distinct piece is parsed once.  That is sound: where every piece is a sequence of whole fields
by itself, the text is the sequence of them all, for no string, comment or bracket is open at the cuts.  Whatever is
not plain is left to the ordinary reader, which also tells what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from xpkg.core.digests import Digest
from xpkg.core.errors import InputFileError
from xpkg.repo.entries import texts_in
from xpkg.repo.expressions import formula_of
from xpkg.repo.fields import Fields
from xpkg.repo.filters import TRUE
from xpkg.repo.index.encoding import encode_filter, encode_formula
from xpkg.repo.names import name_problem, path_problem
from xpkg.repo.opamfile.file import OpamFile, parse
from xpkg.repo.opamfile.printer import print_value
from xpkg.repo.opamfile.values import Field, Item, List
from xpkg.repo.recipe_fields import commands_of, depexts_of, extra_sources_of, sources_of, updates_of, url_problem
from xpkg.repo.recipe_reader import FORMATS, KNOWN_FIELDS, formula_field, shown

_CUT = re.compile(r"\n(?=[A-Za-z][A-Za-z0-9_-]*[ \t]*[:{\"])")
_ODD = r"\\\0\udc80-\udcff"
_PLAIN = re.compile(
    rf"""(opam-version|name|version|synopsis|description|tags|license|homepage|bug-reports|dev-repo
    |maintainer|authors|author|x-commit-hash) [ ]*:\s*+
    (?: " (?!"") ([^"{_ODD}]*+) " | "" " ((?:[^"{_ODD}]++|"(?!""))*) "" ") \s*+""",
    re.VERBOSE,
)
"""The commonest pieces: a field that is a string without escapes."""
_URL = re.compile(
    rf"""url \s*+ {{ \s*+ src: \s*+ "([^"{_ODD}]++)" \s*+
    checksum: \s*+ (?: \[ \s*+ ((?: "[^"{_ODD}]++" \s*+ )+) \] | ("[^"{_ODD}]++") ) \s*+ }} \s*+""",
    re.VERBOSE,
)
_DEPENDS = re.compile(r"depends:\s*+\[[ \t]*+\n((?:[^\n]++\n)+)[ \t]*+\]\s*+")
"""Dependencies with a line for each, or for some."""
_LARGE = 100_000
"""Characters; the bounds on a whole file are the ordinary reader's."""
_MOST_JOINED = 12
"""A url section written without indentation is cut inside; its pieces are joined again."""

_ORDINARY_ONLY = frozenset(
    [
        *("x-runs-on", "x-toolchain", "x-build-machine-files", "x-system-tools", "x-provides"),
        *("x-alternative-sources", "extra-files"),
    ]
)
_TEXTS = frozenset(["tags", "license", "homepage", "bug-reports", "dev-repo", "maintainer", "authors", "author"])
_NOTHING = (0,)

Pairs = tuple[tuple[str, Any], ...]


def _commands(fields: Fields, name: str) -> None:
    commands_of(fields, name)


def _updates(fields: Fields, name: str) -> None:
    updates_of(fields, name)


def _file_names(fields: Fields, name: str) -> Any:
    return tuple(text for text, _ in fields.filtered_texts(name, path_problem))


def _formula(fields: Fields, name: str) -> Any:
    return encode_formula(formula_field(fields, name))


def _available(fields: Fields, name: str) -> Any:
    return encode_filter(fields.filter(name, TRUE)), print_value(fields.values[name])


_READERS: dict[str, Callable[[Fields, str], Any]] = {
    "depends": _formula,
    "depopts": _formula,
    "conflicts": _formula,
    "conflict-class": lambda fields, name: fields.texts(name, name_problem),
    "available": _available,
    "flags": lambda fields, name: tuple(sorted(set(fields.words(name)))),
    "build": _commands,
    "install": _commands,
    "patches": _file_names,
    "substs": _file_names,
    "setenv": _updates,
    "build-env": _updates,
    "depexts": lambda fields, name: depexts_of(fields) and None,
    "synopsis": lambda fields, name: shown(fields.text(name)),
    "description": lambda fields, name: shown(fields.text(name)),
    "opam-version": lambda fields, name: fields.text(name),
    "name": lambda fields, name: fields.text(name),
    "version": lambda fields, name: fields.text(name),
    **dict.fromkeys(_TEXTS, lambda fields, name: texts_in(fields.values[name])),
}


def _source(url: re.Match[str]) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The address and hashes of a plain url section; None when one is not as it must be."""
    written = (url[2] or url[3]).split('"')[1::2]
    if url_problem(url[1]) is not None:
        return None
    try:
        return (url[1],), tuple(str(Digest.parse(one)) for one in written)
    except ValueError:
        return None


class Extractor:
    """Turns texts of recipes into what an index keeps, remembering the pieces it has seen."""

    def __init__(self) -> None:
        self._pieces: dict[str, Pairs | None] = {}
        self._lines: dict[str, tuple[Any, ...]] = {}

    def entry(self, name: str, version: str, text: str) -> tuple[tuple[Any, ...], tuple[Any, ...]] | None:
        """Needs and facts (``repo.entries``); None when the ordinary reader must look at the recipe."""
        values: dict[str, Any] = {}
        if len(text) > _LARGE:
            return None
        for pairs in self._split(text):
            if pairs is None:
                return None
            for field, value in pairs:
                if field in values and field != "extra-source":
                    return None
                values[field] = value
        known = values.get
        if known("opam-version") not in FORMATS or known("name", name) != name or known("version", version) != version:
            return None
        available, written = known("available", (True, "true"))
        sources, checksums = known("url", ((), ()))
        needs = (
            known("depends", _NOTHING),
            known("depopts", _NOTHING),
            known("conflicts", _NOTHING),
            known("conflict-class", ()),
            available,
            written,
            known("flags", ()),
            None,
            None,
            (),
        )
        facts = (
            known("synopsis", ""),
            known("description", ""),
            known("tags", ()),
            known("license", ()),
            known("homepage", ()),
            known("bug-reports", ()),
            " ".join(known("dev-repo", ())),
            known("maintainer", ()),
            known("authors", known("author", ())),
            sources,
            checksums,
            known("patches", ()),
            (),
            tuple(
                field
                for field in values
                if field not in KNOWN_FIELDS and field not in ("url", "extra-source") and not field.startswith("x-")
            ),
        )
        return needs, facts

    def _split(self, text: str) -> Iterator[Pairs | None]:
        """The fields of each piece in turn; None where a piece is none by itself."""
        pieces = _CUT.split(text)
        at = 0
        while at < len(pieces):
            piece = pieces[at]
            pairs = self._of(piece)
            joined = at + 1
            while pairs is None and joined < min(len(pieces), at + _MOST_JOINED):
                piece += "\n" + pieces[joined]
                pairs = self._of(piece)
                joined += 1
            yield pairs
            at = joined

    def _of(self, piece: str) -> Pairs | None:
        found = self._pieces.get(piece, False)
        if found is False:
            found = self._pieces[piece] = self._read(piece)
        return found  # type: ignore[return-value]  # False was replaced

    def _read(self, piece: str) -> Pairs | None:
        plain = _PLAIN.fullmatch(piece)
        if plain is not None:
            text = plain[3] if plain[2] is None else plain[2]
            return ((plain[1], (text,) if plain[1] in _TEXTS else text),)
        url = _URL.fullmatch(piece)
        if url is not None and (source := _source(url)) is not None:
            return (("url", source),)
        depends = _DEPENDS.fullmatch(piece)
        try:
            if depends is not None and (found := self._depends(depends[1])) is not None:
                return (("depends", found),)
            file = parse(piece, "")
            pairs = tuple(self._pair(file, item) for item in file.items)
        except InputFileError:
            return None
        return None if any(pair is None for pair in pairs) else pairs  # type: ignore[return-value]

    def _depends(self, text: str) -> Any:
        """Dependencies whose every line is a sequence of them by itself; None when one is not.

        Lines are shared by far more packages than lists are.  As with pieces, nothing is open at their ends; and what
        a line begins with cannot belong to the line before, for neither an operator nor a brace can begin a list.
        """
        found: list[Any] = []
        for line in text.split("\n"):
            known = self._lines.get(line)
            if known is None:
                try:
                    items = parse(f"depends: [\n{line}\n]", "").items
                    value = items[0].value if isinstance(items[0], Field) and len(items) == 1 else None
                    if not isinstance(value, List):
                        return None  # the line ends the list and begins another field
                    file = OpamFile("", line, ())
                    known = tuple([encode_formula(formula_of(one, file, "&")) for one in value.items])
                except InputFileError:
                    return None
                self._lines[line] = known
            found += known
        return found[0] if len(found) == 1 else (0, *found)

    def _pair(self, file: OpamFile, item: Item) -> tuple[str, Any] | None:
        """A field with what is kept of it; None for what only the ordinary reader understands."""
        if not isinstance(item, Field):
            if item.kind == "url":
                sources = sources_of(Fields(file))
                urls = tuple(url for source in sources for url in source.urls)
                checksums = tuple(str(digest) for source in sources for digest in source.digests)
                return "url", (urls, checksums)
            if item.kind == "extra-source":
                extra_sources_of(file)
                return "extra-source", None
            return None
        if item.name in _ORDINARY_ONLY:
            return None
        reader = _READERS.get(item.name)
        return item.name, None if reader is None else reader(Fields(file), item.name)
