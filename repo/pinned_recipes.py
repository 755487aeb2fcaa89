"""Recipes of pinned packages: from a source tree, or from a repository with another source, without their own source.

What is kept of one has the layout of a repository's: ``opam`` and ``files/``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xpkg.core.digests import of_bytes, of_value
from xpkg.core.errors import InputFileError
from xpkg.core.files import disk_errors, publish_directory, remove_tree, sync_tree, temporary_beside
from xpkg.repo.fields import Fields, elements, text_of
from xpkg.repo.names import version_problem
from xpkg.repo.opamfile.file import OpamFile, decode, parse
from xpkg.repo.opamfile.values import List, String
from xpkg.repo.recipe_reader import FORMATS, Files, recipe_of
from xpkg.repo.source_tree import DirectoryTree, Found, SourceTree


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedRecipe:
    """A recipe as it stands in a source tree, in format 2.0.

    ``file`` has no version and no source any more; ``version`` is what it said.  ``needs`` are its ``pin-depends``:
    ``NAME.VERSION`` and an address.  ``files`` have their contents by relative path.
    """

    file: OpamFile
    version: str | None
    needs: tuple[tuple[str, str], ...]
    files: Mapping[str, bytes]


def read_pinned(tree: SourceTree, found: Found, name: str) -> PinnedRecipe:
    """The recipe of a package of a tree; InputFileError when it is wrong, with the place, or of another package."""
    data = tree.read(found.path)
    if data is None:
        raise InputFileError(f"{found.path} is gone", context=(("in", tree.where),))
    file = _modern(parse(decode(data), f"{tree.where}/{found.path}"), tree, found, name)
    places = [] if found.directory is None else tree.files(f"{found.directory}/files")
    contents = ((path, tree.read(f"{found.directory}/files/{path}")) for path in places)
    return pinned_of(file, name, {path: content for path, content in contents if content is not None})


def pinned_of(file: OpamFile, name: str, files: Mapping[str, bytes]) -> PinnedRecipe:
    """The same of a file of format 2.0; InputFileError when no recipe can be made of it."""
    fields = Fields(file)
    stated = fields.text("opam-version")
    if stated not in FORMATS:
        raise file.error(f"unknown opam-version {stated[:20]!r}", fields.values.get("opam-version"))
    if fields.text("name", name) != name:
        raise file.error(f"this is the recipe of {fields.text('name')[:80]!r}, not of {name}", fields.values["name"])
    version = fields.text("version") or None
    problem = None if version is None else version_problem(version)
    if problem is not None:
        raise file.error(f"{problem}", fields.values["version"])
    bare = file.without("version")
    for section in file.sections("url"):
        bare = bare.without_section((section.kind, section.name))
    # Whatever is wrong with any field is told now.
    recipe_of(bare, name=name, version="0", repository="", directory=Path("/"), original=file)
    return PinnedRecipe(file=bare, version=version, needs=_pin_depends(fields), files=files)


def _modern(file: OpamFile, tree: SourceTree, found: Found, name: str) -> OpamFile:
    stated = file.get("opam-version")
    if not isinstance(stated, String) or stated.value.split(".")[0] != "1":
        return file
    from xpkg.repo.legacy.files import SideFiles
    from xpkg.repo.legacy.upgrade import upgrade

    directory = "" if found.directory is None else f"{found.directory}/"
    texts = {which: tree.read(f"{directory}{which}") for which in ("descr", "url")}
    sides = SideFiles(
        descr=None if texts["descr"] is None else decode(texts["descr"]),
        url=None if texts["url"] is None else decode(texts["url"]),
        directory=f"{tree.where}/{directory}".rstrip("/"),
    )
    return upgrade(file, name, sides).settled()


def _pin_depends(fields: Fields) -> tuple[tuple[str, str], ...]:
    """``pin-depends``: one pair of a package with its version and an address, or several."""
    value = fields.values.get("pin-depends")
    if value is None:
        return ()
    pairs = elements(value)
    if pairs and isinstance(pairs[0], String):
        pairs = (value,)
    found = []
    for pair in pairs:
        if not isinstance(pair, List) or len(pair.items) != 2:
            raise fields.file.error("expected a package with its version, and an address", pair)
        found.append((text_of(pair.items[0], fields.file), text_of(pair.items[1], fields.file)))
    return tuple(found)


def keep(directory: Path, recipe: PinnedRecipe) -> str:
    """Keep a copy below ``directory``, unless there is one; its name there, which only this content has."""
    text = recipe.file.text.encode("utf-8", "surrogateescape")
    contents = {path: of_bytes(data).hex for path, data in recipe.files.items()}
    name = of_value({"opam": of_bytes(text).hex, "files": contents}).hex[:40]
    final = directory / name
    if final.is_dir():
        return name
    staged = temporary_beside(final)
    with disk_errors("keep a recipe in", directory):
        staged.mkdir(parents=True)
        try:
            (staged / "opam").write_bytes(text)
            for path, data in recipe.files.items():
                place = staged / "files" / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(data)
            sync_tree(staged)
            if not final.is_dir():
                publish_directory(staged, final)
        except BaseException:
            remove_tree(staged)
            raise
    return name


def kept(directory: Path) -> tuple[OpamFile, Files]:
    """A copy that was kept: its file and its files; InputFileError when it is not there any more."""
    tree = DirectoryTree(directory)
    data = tree.read("opam")
    if data is None:
        raise InputFileError(
            "the kept copy of a pinned recipe is gone",
            context=(("path", str(directory)),),
            hint="pin the package again",
        )
    files = tuple((path, directory / "files" / path) for path in tree.files("files"))
    return parse(decode(data), str(directory / "opam")), files
