"""From a file to findings."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from xpkg.core.errors import InputFileError, StoreError
from xpkg.core.files import disk_errors, read_regular
from xpkg.core.text import printable
from xpkg.repo.lint.field_forms import EXTENSIONS
from xpkg.repo.lint.findings import Check, Finding, Found
from xpkg.repo.lint.forms import WrongForm
from xpkg.repo.lint.registry import CHECKS, REFUSED, SYNTAX
from xpkg.repo.lint.subject import Files, Subject
from xpkg.repo.names import split_package
from xpkg.repo.opamfile.errors import OpamSyntaxError
from xpkg.repo.opamfile.file import OpamFile, decode, parse
from xpkg.repo.opamfile.parser import MAX_SIZE
from xpkg.repo.opamfile.values import Field, String
from xpkg.repo.version_order import compare

MOST_PLACES = 50
"""Of what one check finds in one file; each is looked up in the text."""
_MAX_BYTES = 4 * MAX_SIZE


def lint_path(path: Path, codes: frozenset[str], data: bytes | None = None) -> tuple[Finding, ...]:
    """The findings of one opam file, by place.

    In ``NAME.VERSION/opam`` and ``NAME.VERSION.opam`` the name says which package it is (``OpamPackage.of_filename``);
    ``files/`` beside the file belongs to it.  ``data`` is its content where that is kept elsewhere (a fetched
    repository's pack).  A file that cannot be read is a finding whatever the codes: nothing can be said of it.
    """
    try:
        return _lint_path(path, codes, data)
    except StoreError as problem:
        return (_unreadable(path, problem),)


def _lint_path(path: Path, codes: frozenset[str], data: bytes | None) -> tuple[Finding, ...]:
    kept = data
    if data is None:
        with disk_errors("read", path):
            data = read_regular(path, _MAX_BYTES + 1)
    inside = path.name == "opam"
    identity = split_package(path.parent.name if inside else path.name.removesuffix(".opam"))
    files = _files(path.parent / "files")
    refusal = partial(_refusal, path.parent, *identity, kept) if inside and identity is not None else None
    return lint_text(decode(data), str(path), codes, identity=identity, files=files, refusal=refusal)


def lint_text(
    text: str,
    filename: str,
    codes: frozenset[str],
    *,
    identity: tuple[str, str] | None = None,
    files: Files | None = None,
    refusal: Callable[[], InputFileError | None] | None = None,
) -> tuple[Finding, ...]:
    """The findings of a recipe's text, by place.

    ``identity`` is the name and version that its directory says; ``refusal`` reads the recipe as an install would
    and gives what that raises.
    """
    found: list[Finding] = []
    try:
        file = parse(text, filename)
    except OpamSyntaxError as problem:
        found.append(_of_error(SYNTAX, problem, problem.problem))
    else:
        found += _of_file(file, codes, identity or (None, None), files or {})
        if refusal is not None and REFUSED.code in codes and (problem_or_none := refusal()) is not None:
            found.append(_refused(file, problem_or_none))
    wanted = (one for one in found if one.code in codes)
    return tuple(sorted(wanted, key=lambda one: (one.line, one.column, one.code)))


def _of_file(
    file: OpamFile, codes: frozenset[str], identity: tuple[str | None, str | None], files: Files
) -> Iterator[Finding]:
    subject = Subject(file, name=identity[0], version=identity[1], files=files)
    spoiled = _spoiled(subject)
    if spoiled is not None:
        yield _finding(SYNTAX, spoiled, file)
        return
    for check in CHECKS:
        if check.code in codes:
            for found in islice(check.find(subject), MOST_PLACES):
                yield _finding(check, found, file)


def _spoiled(subject: Subject) -> Found | None:
    """What makes opam refuse the whole file, though it parses (``OpamFile.OPAM.pp_raw_fields``)."""
    file = subject.file
    stated = [item for item in file.items if isinstance(item, Field) and item.name == "opam-version"]
    if len(stated) != 1:
        return Found(stated[1] if stated else None, f"the field opam-version is there {len(stated)} times, not once")
    version = stated[0].value
    if not isinstance(version, String):
        return Found(version, "opam-version is a string")
    if compare(".".join(version.value.split(".")[:2]), "2.0") > 0:
        return Found(version, f"opam has no format {version.value[:20]!r}", 'write opam-version: "2.0"')
    for name, form in EXTENSIONS.items():
        value = file.get(name)
        if value is not None:
            try:
                form(value)
            except WrongForm as problem:
                return Found(problem.place, f"{name}: {problem.problem}")
    if subject.url is not None and subject.url.subpath is not None:
        return Found(subject.url.subpath, "format 2.0 has no url.subpath", "write x-subpath")
    return None


def _unreadable(path: Path, problem: StoreError) -> Finding:
    place = dict(problem.context).get("path", str(path))
    beside = "" if place == str(path) else f" ({place})"
    return _of_file_as_such(REFUSED, Found(None, f"{problem.message}{beside}"), str(path))


def _finding(check: Check, found: Found, file: OpamFile) -> Finding:
    if found.place is not None:
        return _of_error(check, file.error(found.message, found.place), found.message, found.hint)
    return _of_file_as_such(check, found, file.filename)


def _of_file_as_such(check: Check, found: Found, filename: str) -> Finding:
    return Finding(
        code=check.code,
        severity=check.severity,
        message=printable(found.message),
        file=printable(filename),
        line=1,
        column=1,
        source_line="",
        caret="",
        hint=found.hint,
    )


def _of_error(check: Check, error: OpamSyntaxError, message: str, hint: str | None = None) -> Finding:
    return Finding(
        code=check.code,
        severity=check.severity,
        message=printable(message),
        file=printable(error.filename),
        line=error.line,
        column=error.column,
        source_line=error.source_line,
        caret=error.caret,
        hint=hint or error.hint,
    )


def _refused(file: OpamFile, error: InputFileError) -> Finding:
    if isinstance(error, OpamSyntaxError):
        return _of_error(REFUSED, error, error.problem)
    return _finding(REFUSED, Found(None, error.message, error.hint), file)


def _refusal(directory: Path, name: str, version: str, data: bytes | None) -> InputFileError | None:
    from xpkg.repo.recipe_reader import read_recipe

    try:
        read_recipe(directory, name, version, "", data=data)
    except InputFileError as error:
        return error
    return None


def _files(directory: Path) -> dict[str, Callable[[], bytes]]:
    """The files below ``files/``; links are left out, which `read_recipe` refuses."""
    found: dict[str, Callable[[], bytes]] = {}
    if directory.is_dir():
        with disk_errors("read the files of a recipe", directory):
            for top, _, names in os.walk(directory):
                for name in names:
                    path = Path(top, name)
                    if path.is_file() and not path.is_symlink():
                        found[path.relative_to(directory).as_posix()] = partial(_content, path)
    return found


def _content(path: Path) -> bytes:
    with disk_errors("read", path):
        return path.read_bytes()
