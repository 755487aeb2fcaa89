"""Which files words of the command line mean, and many of them examined at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.lint.recipes import CLEAN, put
from xpkg.core.errors import NotFoundError, UsageError
from xpkg.ops.home import Home
from xpkg.ops.lint import OpamPath, files_meant, lint
from xpkg.repo.lint.findings import Severity
from xpkg.repo.lint.registry import chosen


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "root")


def write(path: Path, text: str = CLEAN) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def meant(home: Home, *words: Path | str, recursive: bool = False) -> list[Path]:
    return [one.path for one in files_meant(home, [str(word) for word in words], recursive=recursive)]


def test_paths(home: Home, tmp_path: Path) -> None:
    one = write(tmp_path / "r" / "packages" / "a" / "a.1" / "opam")
    flat = write(tmp_path / "r" / "packages" / "b.2" / "opam")
    loose = write(tmp_path / "tree" / "c.opam")
    deep = write(tmp_path / "tree" / "vendor" / "opam")
    assert meant(home, one) == [one]
    assert meant(home, one.parent) == [one]
    assert meant(home, tmp_path / "r") == [one, flat]
    assert meant(home, tmp_path / "tree") == [loose]
    assert meant(home, tmp_path / "tree", recursive=True) == [loose, deep]
    assert meant(home, one, one.parent, tmp_path / "r") == [one, flat]


def test_overlays_are_no_recipes(home: Home, tmp_path: Path) -> None:
    recipe = tmp_path / "repo" / "packages" / "overlays" / "overlays.1" / "opam"
    for one in (
        recipe,
        tmp_path / "repo" / "overlays" / "x.opam",
        tmp_path / "repo" / "packages" / "_overlays" / "y.opam",
    ):
        one.parent.mkdir(parents=True)
        one.write_text('opam-version: "2.0"\n')
    assert meant(home, tmp_path / "repo", recursive=True) == [recipe]


def test_a_package_of_the_repositories(home: Home) -> None:
    (path,) = meant(home, "meson")
    assert path.parent.name.startswith("meson.")
    assert meant(home, path.parent.name) == [path]


def test_what_means_nothing(home: Home, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="there is no opam file"):
        meant(home, tmp_path / "empty")
    with pytest.raises(NotFoundError, match="there is no file"):
        meant(home, tmp_path / "absent")
    with pytest.raises(NotFoundError, match="there is no package named no-such-package"):
        meant(home, "no-such-package")


def test_content_that_is_kept_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "p.1" / "opam"
    path.parent.mkdir()
    report = lint([OpamPath(path=path, data=put("license", '"Free"').encode())], chosen())
    assert [(one.code, one.file) for one in report.findings] == [("62", str(path))]


def test_processes_find_what_one_finds(tmp_path: Path) -> None:
    texts = (CLEAN, put("license", '"Free"'), put("build", '["make"]'), "build: [")
    files = [OpamPath(path=write(tmp_path / f"p.{n}" / "opam", texts[n % 4])) for n in range(403)]
    told: list[tuple[int, int]] = []
    alone = lint(files, chosen())
    shared = lint(files, chosen(), jobs=3, progress=lambda done, total: told.append((done, total)))
    assert shared == alone
    assert (alone.files, alone.count(Severity.ERROR), alone.count(Severity.WARNING)) == (403, 201, 101)
    assert told[-1] == (403, 403)
    assert told == sorted(told)


def test_what_cannot_be_read_is_a_finding_of_its_own(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe or a device would hold up all: only regular files are opened.  Codes that leave X01 out hide none."""
    tree = tmp_path / "tree"
    good = write(tree / "p" / "opam", put("license", '"Free"'))
    (tree / "q.opam").symlink_to("absent")
    (tree / "r.opam").symlink_to("/dev/zero")
    os.mkfifo(tree / "z.opam")
    (tree / "closed").mkdir()
    scandir = os.scandir

    def refuse(place: str) -> os._ScandirIterator[str]:
        if str(place).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(place))
        return scandir(place)

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", refuse)
        files = files_meant(home, [str(tree)], recursive=True)
    report = lint(files, chosen(["62"]))
    assert report.files == 5
    assert [(one.file, one.code, one.message.partition(": ")[2]) for one in report.findings] == [
        (str(tree / "q.opam"), "X01", "No such file or directory"),
        (str(tree / "r.opam"), "X01", "it is no regular file"),
        (str(tree / "z.opam"), "X01", "it is no regular file"),
        (str(good), "62", report.findings[3].message.partition(": ")[2]),
        (str(tree / "closed"), "X01", "Is a directory"),
    ]


def test_a_file_beside_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "p.1" / "opam", f'{CLEAN}extra-files: ["a" "md5={"0" * 32}"]\n')
    beside = write(path.parent / "files" / "a")

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    (finding,) = lint([OpamPath(path=path)], chosen()).findings
    assert finding.message == f"cannot read: Permission denied ({beside})"
