"""From a directory of a repository to a recipe: everything is checked here, once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from xpkg.core.digests import Digest, of_file
from xpkg.core.errors import InputFileError
from xpkg.core.files import NotRegular, disk_errors, read_regular
from xpkg.core.text import printable
from xpkg.repo.expressions import formula_of
from xpkg.repo.fields import Fields
from xpkg.repo.filters import TRUE
from xpkg.repo.formulas import And, Formula, Or
from xpkg.repo.names import name_problem, path_problem, version_problem
from xpkg.repo.opamfile.file import OpamFile, decode, parse
from xpkg.repo.opamfile.parser import MAX_SIZE
from xpkg.repo.opamfile.values import String
from xpkg.repo.recipe_fields import (
    commands_of,
    depexts_of,
    extra_files_of,
    extra_sources_of,
    provides_of,
    sources_of,
    updates_of,
)
from xpkg.repo.recipes import NO_TOOLCHAIN, RUNS_ON, Filtered, Recipe

if TYPE_CHECKING:
    from xpkg.repo.overlays.values import AppliedOverlay

Files = tuple[tuple[str, Path], ...]
"""Relative paths and where each file is, sorted."""
Change = Callable[[OpamFile, Files], tuple[OpamFile, Files, "tuple[AppliedOverlay, ...]"]]
"""What overlays make of a recipe's file and files before they are read as a recipe."""
FORMATS = ("2.0",)
MAX_BYTES = 4 * MAX_SIZE
_NOTHING: Formula = And(())
_FIELDS = """
    opam-version name version maintainer authors license homepage doc bug-reports dev-repo tags synopsis description
    depends depopts conflicts conflict-class available flags build install remove run-test build-test build-doc patches
    substs setenv build-env features messages post-messages depexts extra-files pin-depends libraries syntax author
    env os ocaml-version
"""
KNOWN_FIELDS = frozenset(_FIELDS.split())


def read_recipe(
    directory: Path,
    name: str,
    version: str,
    repository: str,
    change: Change | None = None,
    data: bytes | None = None,
) -> Recipe:
    """The recipe in ``directory``, which its repository files under ``name`` and ``version``, after ``change``.

    ``data`` is the content of the opam file where that is kept elsewhere (a fetched repository's pack).
    InputFileError when it is not a recipe of exactly that package, with the place of what is wrong.
    """
    path = directory / "opam"
    original = parse(decode(_read(path) if data is None else data), str(path))
    file = _modern(original, name, directory)
    _check_identity(Fields(file), name, version)
    files: Files = tuple(_files(directory / "files"))
    overlays: tuple[AppliedOverlay, ...] = ()
    if change is not None:
        file, files, overlays = change(file, files)
    recipe = recipe_of(
        file,
        name=name,
        version=version,
        repository=repository,
        directory=directory,
        original=original,
        files=files,
        overlays=overlays,
    )
    _check_extra_files(recipe, extra_files_of(Fields(file)))
    return recipe


def recipe_of(
    file: OpamFile,
    *,
    name: str,
    version: str,
    repository: str,
    directory: Path,
    original: OpamFile,
    files: Files = (),
    overlays: tuple[AppliedOverlay, ...] = (),
) -> Recipe:
    """Every field of ``file`` as a value; OpamSyntaxError for one that has not the form it must have."""
    fields = Fields(file)
    return Recipe(
        name=name,
        version=version,
        repository=repository,
        directory=directory,
        depends=formula_field(fields, "depends"),
        depopts=formula_field(fields, "depopts"),
        conflicts=formula_field(fields, "conflicts"),
        conflict_class=fields.texts("conflict-class", name_problem),
        available=fields.filter("available", TRUE),
        flags=frozenset(fields.words("flags")),
        build=commands_of(fields, "build"),
        install=commands_of(fields, "install"),
        run_test=commands_of(fields, "run-test"),
        patches=_file_names(fields, "patches"),
        substs=tuple(one.text for one in _file_names(fields, "substs")),
        setenv=updates_of(fields, "setenv"),
        build_env=updates_of(fields, "build-env"),
        sources=sources_of(fields),
        extra_sources=extra_sources_of(file),
        depexts=depexts_of(fields),
        synopsis=shown(fields.text("synopsis")),
        description=shown(fields.text("description")),
        x_runs_on=fields.choice("x-runs-on", RUNS_ON),
        x_toolchain=fields.choice("x-toolchain", NO_TOOLCHAIN),
        x_build_machine_files=fields.texts("x-build-machine-files", path_problem),
        x_system_tools=fields.texts("x-system-tools", _tool_problem),
        x_provides=provides_of(fields, name, version),
        fields=fields.values,
        unknown_fields=tuple(one for one in fields.values if one not in KNOWN_FIELDS and not one.startswith("x-")),
        file=file,
        files=files,
        original=original,
        overlays=overlays,
    )


def _read(path: Path) -> bytes:
    """The file's bytes; one that is too large is not read whole."""
    with disk_errors("read", path):
        try:
            data = read_regular(path, MAX_BYTES + 1)
        except NotRegular as error:
            raise InputFileError(
                "an opam file is no regular file", context=(("path", printable(str(path))),)
            ) from error
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise InputFileError("a package has no opam file", context=(("path", printable(str(path))),)) from error
    if len(data) > MAX_BYTES:
        raise InputFileError(
            f"an opam file is larger than the {MAX_BYTES} bytes allowed", context=(("path", printable(str(path))),)
        )
    return data


def _modern(file: OpamFile, name: str, directory: Path) -> OpamFile:
    """A recipe of opam 1.x with the files beside it as one of 2.0; others as they are."""
    stated = file.get("opam-version")
    if not isinstance(stated, String) or stated.value.split(".")[0] != "1":
        return file
    # Few repositories have such recipes: the rest does not pay for the rules.
    from xpkg.repo.legacy.files import read_side_files
    from xpkg.repo.legacy.upgrade import upgrade

    return upgrade(file, name, read_side_files(directory))


def _check_identity(fields: Fields, name: str, version: str) -> None:
    """The format's version, and that name and version are those of the directory."""
    file = fields.file
    for problem in (name_problem(name), version_problem(version)):
        if problem is not None:
            raise file.error(f"{name}.{version}: {problem}")
    stated = fields.text("opam-version")
    place = fields.values.get("opam-version")
    if stated not in FORMATS:
        problem = f"unknown opam-version {stated[:20]!r}" if stated else "the field opam-version is missing"
        raise file.error(problem, place, hint=f"known formats: 1.0 to 1.2, {', '.join(FORMATS)}")
    for field, expected in (("name", name), ("version", version)):
        if fields.text(field, expected) != expected:
            raise file.error(
                f"the {field} is {fields.text(field)[:80]!r}, but the directory says {expected!r}", fields.values[field]
            )


def formula_field(fields: Fields, name: str) -> Formula:
    """``depends`` is a conjunction, ``depopts`` and ``conflicts`` are disjunctions."""
    value = fields.values.get(name)
    if value is None:
        return _NOTHING
    formula = formula_of(value, fields.file, "&" if name == "depends" else "|")
    if name == "conflicts" and not _flat(formula):
        raise fields.file.error("conflicts is a list of packages, without &", value)
    return formula


def _flat(formula: Formula) -> bool:
    """Whether there is no conjunction of several packages inside."""
    if isinstance(formula, And):
        return not formula.items
    return not isinstance(formula, Or) or all(map(_flat, formula.items))


def _file_names(fields: Fields, name: str) -> tuple[Filtered, ...]:
    return tuple(Filtered(text=text, filter=where) for text, where in fields.filtered_texts(name, path_problem))


def _tool_problem(name: str) -> str | None:
    if not name or "/" in name or name.startswith(("-", ".")) or not name.isprintable() or " " in name:
        return "a system tool is the plain name of a program"
    return None


def shown(text: str) -> str:
    """Free text as valid Unicode."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _files(directory: Path) -> Iterator[tuple[str, Path]]:
    """The regular files below ``files/`` by relative path, sorted; links are refused."""
    if directory.is_symlink():
        raise InputFileError(
            "files: only plain files can belong to a recipe, no links", context=(("path", str(directory)),)
        )
    if not directory.is_dir():
        return
    with disk_errors("read the files of a recipe", directory):
        found = sorted(os.walk(directory, onerror=_unreadable))
    for top, directories, names in found:
        for name in sorted(names) + [one for one in directories if Path(top, one).is_symlink()]:
            path = Path(top, name)
            relative = path.relative_to(directory).as_posix()
            problem = path_problem(relative)
            if problem is None and (path.is_symlink() or not path.is_file()):
                problem = "only plain files can belong to a recipe, no links"
            if problem is not None:
                raise InputFileError(f"files/{printable(relative)}: {problem}", context=(("path", str(directory)),))
            yield relative, path


def _unreadable(error: OSError) -> None:
    """A directory that cannot be listed; without this it would pass for an empty one."""
    raise error


def _check_extra_files(recipe: Recipe, expected: tuple[tuple[str, Digest], ...]) -> None:
    """``extra-files`` promises content; a file that is absent or another is refused."""
    files = dict(recipe.files)
    for name, digest in expected:
        place = recipe.fields.get("extra-files")
        if name not in files:
            raise recipe.file.error(f"files/{name} is missing", place)
        found = of_file(files[name], digest.algorithm)
        if found != digest:
            raise recipe.file.error(f"files/{name} has {found}, not the promised {digest}", place)
