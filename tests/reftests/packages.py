"""Files of the repository that a script writes, with what its format adds to them (run.ml)."""

from __future__ import annotations

from hashlib import md5
from pathlib import Path

from tests.reftests.script import PackageFile
from xpkg.core.errors import InputFileError
from xpkg.repo.opamfile.file import parse

_COMPLETE = {
    "opam-version": '"2.0"',
    "synopsis": '"A word"',
    "description": '"Two words."',
    "authors": '"the testing team"',
    "homepage": '"egapemoh"',
    "maintainer": '"maint@tain.er"',
    "license": '"MIT"',
    "dev-repo": '"hg+https://pkg@op.am"',
    "bug-reports": '"https://nobug"',
}


def write_package_file(repository: Path, file: PackageFile, text: str) -> None:
    """A recipe or one of its files; the recipe names all its files with their md5, as the format has it."""
    directory = repository / "packages" / file.name / f"{file.name}.{file.version}"
    recipe = directory / "opam"
    directory.mkdir(parents=True, exist_ok=True)
    if file.file is None:
        recipe.write_text(text, "utf-8", "surrogateescape")
        files = sorted(path for path in (directory / "files").glob("*") if path.is_file())
    else:
        path = directory / "files" / file.file
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8", "surrogateescape")
        files = [path]
    if files and recipe.exists():
        _name_files(recipe, files)


def _name_files(recipe: Path, files: list[Path]) -> None:
    """Rewrite ``extra-files`` with these files and those that are there already."""
    try:
        file = parse(recipe.read_text("utf-8", "surrogateescape"), "opam")
        present = sorted(path for path in (recipe.parent / "files").glob("*") if path.is_file())
        listed = " ".join(f'["{path.name}" "md5={md5(path.read_bytes()).hexdigest()}"]' for path in {*present, *files})
        recipe.write_text(file.replace("extra-files", f"[{listed}]").text, "utf-8", "surrogateescape")
    except InputFileError:
        return


def complete_recipe(text: str) -> str:
    """The recipe with every field that lint asks for."""
    try:
        file = parse(text, "opam")
    except InputFileError:
        return text
    missing = [f"{name}: {value}\n" for name, value in _COMPLETE.items() if file.get(name) is None]
    return "".join(missing) + text
