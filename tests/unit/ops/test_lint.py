"""Which files words of the command line mean, and many of them examined at once."""

from __future__ import annotations

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
