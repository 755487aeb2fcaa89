"""``overlays/<name>.opam``: read strictly, so that a slip is told with its place and never changes a recipe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from xpkg.core.errors import InputFileError
from xpkg.core.files import disk_errors
from xpkg.core.text import did_you_mean, printable
from xpkg.repo.expressions import formula_of
from xpkg.repo.fields import Fields, elements, text_of
from xpkg.repo.filters import Text
from xpkg.repo.formulas import And, Bound, Condition, Need, Or, Resolved, atoms, resolve
from xpkg.repo.names import path_problem
from xpkg.repo.opamfile.file import OpamFile, decode, parse
from xpkg.repo.opamfile.parser import MAX_SIZE
from xpkg.repo.opamfile.values import Field, Item, Option, Section, String, Value
from xpkg.repo.overlays.values import Overlay
from xpkg.repo.recipe_fields import extra_files_of
from xpkg.repo.recipe_reader import FORMATS, KNOWN_FIELDS, recipe_of
from xpkg.repo.versions import ANY_VERSION, VersionFormula, all_of, one_of

_PARTS = ("applies-to", "repositories", "files", "unset", "remove", "set", "add")
_FIXED = ("opam-version", "name", "version")
_SINGLE = ("synopsis", "description", "dev-repo", "x-runs-on", "x-toolchain")
_SECTIONS = ("url", "extra-source")
_REMOVABLE = (
    *("depends", "depopts", "conflicts", "conflict-class", "patches", "substs", "flags", "tags"),
    *("x-system-tools", "x-build-machine-files", "extra-source"),
)


def read_overlays(path: Path, package: str, repository: str) -> tuple[Overlay, ...]:
    """The overlays of one file, in order; InputFileError, with the place, for anything that cannot be meant."""
    file = parse(decode(_read(path)), str(path))
    fields = Fields(file)
    stated = fields.text("opam-version")
    if stated not in FORMATS:
        problem = f"unknown opam-version {stated[:20]!r}" if stated else "the field opam-version is missing"
        raise file.error(problem, fields.values.get("opam-version"), hint=f"known formats: {', '.join(FORMATS)}")
    for item in file.items:
        word = _word(item)
        if word != ("overlay" if isinstance(item, Section) else "opam-version"):
            hint = did_you_mean(word, ("overlay",)) or 'what to change stands in sections overlay "reason" { ... }'
            raise file.error(f"unknown {_kind(item)} {word!r}", item, hint=hint)
    sections = file.sections("overlay")
    if not sections:
        raise file.error("there is no overlay", hint='what to change stands in sections overlay "reason" { ... }')
    return tuple(_Section(file, section, path, package).overlay(repository) for section in sections)


def _read(path: Path) -> bytes:
    if path.is_symlink() or not path.is_file():
        problem = "an overlay is a plain file, no link"
        raise InputFileError(f"{path.name}: {problem}", context=(("file", printable(str(path))),))
    with disk_errors("read", path), path.open("rb") as stream:
        return stream.read(4 * MAX_SIZE + 1)  # the parser refuses what is longer than MAX_SIZE characters


def _word(item: Item) -> str:
    return item.kind if isinstance(item, Section) else item.name


def _kind(item: Item) -> str:
    return "section" if isinstance(item, Section) else "field"


class _Section:
    """One ``overlay "reason" { ... }``."""

    def __init__(self, file: OpamFile, section: Section, path: Path, package: str) -> None:
        self.file = file
        self.section = section
        self.path = path
        self.package = package
        self.directory = path.with_suffix("")

    def overlay(self, repository: str) -> Overlay:
        """The section as a value."""
        reason = (self.section.name or "").strip()
        if not reason:
            raise self.file.error('an overlay has its reason behind the word: overlay "reason" { ... }', self.section)
        parts = self._parts()
        fields = Fields(self.file, self.section)
        put, add = self._changes(parts, "set"), self._changes(parts, "add")
        overlay = Overlay(
            package=self.package,
            repository=repository,
            path=self.path,
            file=self.file,
            section=self.section,
            reason=printable(reason, keep=""),
            versions=self._versions(fields.values.get("applies-to")),
            repositories=fields.texts("repositories"),
            unset=tuple(text_of(one, self.file, self._unset_problem) for one in fields.elements("unset")),
            remove=self._removals(parts),
            set=put,
            add=add,
            files=tuple(self._files(fields, (*put, *add))),
            own_patches=tuple(_strings((*put, *add), "patches")),
        )
        self._check(overlay)
        return overlay

    def _parts(self) -> dict[str, Item]:
        """The fields and sections inside, by name."""
        found: dict[str, Item] = {}
        for item in self.section.items:
            word = _word(item)
            if word not in _PARTS:
                hint = f"known: {', '.join(_PARTS)}"
                raise self.file.error(f"unknown {_kind(item)} {word!r}", item, did_you_mean(word, _PARTS) or hint)
            if isinstance(item, Section) != (word in ("remove", "set", "add")):
                form = f"{word}: [ ... ]" if isinstance(item, Section) else f"{word} {{ ... }}"
                raise self.file.error(f"expected {form}", item)
            if word in found:
                raise self.file.error(f"the {_kind(item)} {word!r} is there twice", item)
            found[word] = item
        return found

    def _changes(self, parts: dict[str, Item], word: str) -> tuple[Item, ...]:
        """The fields and sections of ``set`` or ``add``, each of the form that a recipe has it in."""
        part = parts.get(word)
        if not isinstance(part, Section):
            return ()
        for item in part.items:
            self._check_change(item, word)
        alone = replace(self.file, items=part.items)
        recipe_of(alone, name=self.package, version="0", repository="", directory=self.directory, original=alone)
        extra_files_of(Fields(alone))
        return part.items

    def _check_change(self, item: Item, word: str) -> None:
        name = _word(item)
        known = _SECTIONS if isinstance(item, Section) else KNOWN_FIELDS
        if name in _FIXED:
            raise self.file.error(f"an overlay cannot change the field {name!r}", item)
        if name not in known and not (isinstance(item, Field) and name.startswith("x-")):
            raise self.file.error(f"recipes have no {_kind(item)} {name!r}", item, did_you_mean(name, known))
        if word == "add" and (name in _SINGLE or name == "url"):
            raise self.file.error(
                f"the {_kind(item)} {name!r} is no list: nothing can be added, but it can be set", item
            )

    def _unset_problem(self, name: str) -> str | None:
        if name in _FIXED:
            return "an overlay cannot change it"
        if name not in KNOWN_FIELDS and name not in _SECTIONS and not name.startswith("x-"):
            return "recipes have no such field"
        return None

    def _removals(self, parts: dict[str, Item]) -> dict[str, tuple[str, ...]]:
        """The section ``remove``: names of packages, or strings, by field."""
        part = parts.get("remove")
        if not isinstance(part, Section):
            return {}
        for item in part.items:
            if _word(item) not in _REMOVABLE or isinstance(item, Section):
                hint = did_you_mean(_word(item), _REMOVABLE) or f"items can be removed from {', '.join(_REMOVABLE)}"
                raise self.file.error(f"nothing can be removed from {_word(item)!r}", item, hint)
        fields = Fields(self.file, part)
        return {name: fields.words(name) for name in fields.values}

    def _versions(self, value: Value | None) -> VersionFormula:
        """``applies-to``: the package, with the versions; all versions when the field is absent."""
        if value is None:
            return ANY_VERSION
        formula = formula_of(value, self.file, "|")
        named = tuple(atoms(formula))
        if not named:
            raise self.file.error("applies-to names the package; without this field all versions are meant", value)
        for atom in named:
            if atom.name != self.package:
                raise self.file.error(f"this file is about {self.package}, not about {atom.name}", value)
            if not _fixed(atom.condition):
                raise self.file.error("an overlay goes by versions alone; filters stand in the fields it sets", value)
        return _combined(resolve(formula, lambda _: None))

    def _files(self, fields: Fields, changes: tuple[Item, ...]) -> Iterator[tuple[str, Path]]:
        """What it brings: the files it lists, and of the patches and templates it names those that it has."""
        listed = {text_of(one, self.file, path_problem): one for one in fields.elements("files")}
        named = [one.value for one in _strings(changes, "patches")]
        named += [f"{one.value}.in" for one in _strings(changes, "substs")]
        if self.directory.is_symlink():
            raise self.file.error(f"overlays/{self.package} is a link: it must be a directory", self.section)
        for name in sorted({*listed, *named}):
            path = self.directory / name
            with disk_errors("read the files of an overlay", path):
                there = path.is_file() or path.is_symlink()
                if there and path.resolve() != self.directory.resolve() / name:
                    problem = f"overlays/{self.package}/{name}: only plain files can belong to an overlay, no links"
                    raise self.file.error(problem, listed.get(name, self.section))
            if there:
                yield name, path
            elif name in listed:
                raise self.file.error(f"overlays/{self.package}/{name} is missing", listed[name])

    def _check(self, overlay: Overlay) -> None:
        """That it changes something, and each field in one way."""
        if not (overlay.unset or overlay.remove or overlay.set or overlay.add or overlay.files):
            raise self.file.error("the overlay changes nothing", self.section)
        others = {_word(item) for item in overlay.add if isinstance(item, Field)} | set(overlay.remove)
        for item in overlay.set:
            if isinstance(item, Field) and (item.name in others or item.name in overlay.unset):
                raise self.file.error(f"the field {item.name!r} is set, so nothing else can be done with it", item)
        for name in overlay.unset:
            if name in others:
                raise self.file.error(
                    f"the field {name!r} is dropped, so nothing else can be done with it", self.section
                )


def _strings(items: tuple[Item, ...], name: str) -> Iterator[String]:
    """The strings of the field of that name, without their filters."""
    for item in items:
        if isinstance(item, Field) and item.name == name:
            for one in elements(item.value):
                inner = one.value if isinstance(one, Option) else one
                if isinstance(inner, String):
                    yield inner


def _fixed(condition: Condition) -> bool:
    """Whether it says something of the version only, without variables."""
    if isinstance(condition, And | Or):
        return all(map(_fixed, condition.items))
    return isinstance(condition, Bound) and isinstance(condition.version, Text) and "%{" not in condition.version.text


def _combined(resolved: Resolved) -> VersionFormula:
    match resolved:
        case Need():
            return resolved.versions
        case And(items):
            return all_of([_combined(item) for item in items])
        case Or(items):
            return one_of([_combined(item) for item in items])
