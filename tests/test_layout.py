"""Guards of the repository's own shape."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomli

CLONE = Path(__file__).parent.parent
ROOMS = ("repo", "solver", "sandbox")
MOST_LINES = 450


def packages() -> Iterator[tuple[str, Path]]:
    """Every Python package by dotted name, the rooms under xpkg."""
    for top in ("xpkg", *ROOMS):
        prefix = "xpkg" if top == "xpkg" else f"xpkg.{top}"
        for init in sorted((CLONE / top).rglob("__init__.py")):
            # Path.rglob follows no links in this Python, later ones may.
            inside = init.parent.relative_to(CLONE / top)
            if top == "xpkg" and inside.parts and inside.parts[0] in ROOMS:
                continue
            yield ".".join([prefix, *inside.parts]), init.parent


def modules() -> list[Path]:
    return sorted({path for _, directory in packages() for path in directory.glob("*.py")})


def project() -> dict[str, object]:
    tools = tomli.loads((CLONE / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    assert isinstance(tools, dict)
    return tools


def test_the_package_list_is_complete() -> None:
    listed = project()["packages"]
    assert isinstance(listed, list)
    assert sorted(listed) == sorted(name for name, _ in packages())


@pytest.mark.parametrize("room", ROOMS)
def test_the_links_of_the_rooms_are_relative(room: str) -> None:
    link = CLONE / "xpkg" / room
    assert link.is_symlink()
    assert os.readlink(link) == f"../{room}"


@pytest.mark.parametrize("name", ["packages", "targets"])
def test_the_links_of_the_data_are_relative(name: str) -> None:
    assert os.readlink(CLONE / "xpkg" / "shipped" / name) == f"../../{name}"


def test_every_module_says_what_it_is() -> None:
    silent = [str(path.relative_to(CLONE)) for path in modules() if ast.get_docstring(_parsed(path)) is None]
    assert silent == []


def test_no_module_is_long() -> None:
    long = {str(path.relative_to(CLONE)): lines for path in modules() if (lines := _lines(path)) > MOST_LINES}
    assert long == {}


def test_no_function_is_long() -> None:
    """style: none over 80 lines."""
    long = [
        f"{path.relative_to(CLONE)}:{node.name}"
        for path in modules()
        for node in ast.walk(_parsed(path))
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= 80
    ]
    assert long == []


def test_only_the_command_prints_or_reads_the_environment() -> None:
    """style habit 14."""
    forbidden = re.compile(r"\bos\.environ\b|\bos\.getenv\b|\bsys\.exit\(|(?<![\w.])print\(")
    found = [
        f"{path.relative_to(CLONE)}:{number}"
        for path in modules()
        if CLONE / "xpkg" / "cli" not in path.parents
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if forbidden.search(line)
    ]
    assert found == []


def test_no_module_is_named_after_nothing() -> None:
    """style habit 20."""
    assert {path.stem for path in modules()} & {"utils", "util", "helpers", "common", "misc", "manager"} == set()


def test_no_group_is_repeated_possessively() -> None:
    """Python before 3.11.5 matches such a group wrongly (python/cpython#106052); Debian 12 has 3.11.2."""
    possessive = re.compile(r"(?<!\\)\)(?:[*+?]|\{[0-9,]+\})\+")
    found = [
        f"{path.relative_to(CLONE)}:{number}"
        for path in modules()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if possessive.search(line)
    ]
    assert found == []


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this clone, made offline from a copy: setuptools writes beside its sources."""
    directory = tmp_path_factory.mktemp("wheel")
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CLONE,
        capture_output=True,
        check=False,
    )
    if tracked.returncode != 0:
        pytest.skip("this is no git clone")
    for name in sorted(set(os.fsdecode(tracked.stdout).split("\0")) - {""}):
        source, copy = CLONE / name, directory / "clone" / name
        if not source.is_symlink() and not source.is_file():
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink():
            copy.symlink_to(os.readlink(source))
        else:
            copy.write_bytes(source.read_bytes())
            copy.chmod(source.stat().st_mode)
    build = [sys.executable, "-m", "pip", "wheel", ".", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run(
        [*build, "-w", str(directory)], cwd=directory / "clone", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = directory.glob("*.whl")
    return made


def test_the_wheel_carries_recipes_and_targets(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for top in ("packages", "targets"):
        for path in sorted((CLONE / top).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                assert f"xpkg/shipped/{top}/{path.relative_to(CLONE / top)}" in names
    for _, directory in packages():
        for path in directory.glob("*.py"):
            inside = path.relative_to(CLONE)
            assert str(inside if inside.parts[0] == "xpkg" else Path("xpkg", inside)) in names
    assert not {name.partition("/")[0] for name in names} & {"tests", "repo", "sandbox", "solver", "packages"}


def test_the_wheel_works_without_the_clone(wheel: Path, tmp_path: Path) -> None:
    """In an empty virtual environment; the libraries it needs are lent by this one."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XPKG_ROOT": str(tmp_path / "root")}
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    python = venv / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(pip, check=True, cwd=tmp_path)
    (packages_of_venv,) = venv.glob("lib/python*/site-packages")
    lent = packages_of_venv.parent / "lent"
    lent.mkdir()
    for place in (Path(path) for path in sys.path if path.endswith("site-packages")):
        for entry in place.iterdir():
            # Not this project's own editable install, nor what would lead back to the clone.
            if not entry.name.startswith(("xpkg", "__editable__")) and entry.suffix != ".pth":
                link = lent / entry.name
                if not link.exists():
                    link.symlink_to(entry)
    (packages_of_venv / "lent.pth").write_text(f"{lent}\n", "utf-8")

    def run(*arguments: str) -> str:
        command = [str(venv / "bin" / "xpkg"), *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    where = "import xpkg.repo, xpkg.shipped; print(xpkg.repo.__file__, xpkg.shipped.PACKAGES)"
    said = subprocess.run(
        [python, "-c", where], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert str(CLONE) not in said.stdout
    assert "kfreebsd" in run("target", "list")
    assert "dune" in run("list", "--available")
    plan = run("install", "--dry-run", "mirage-test", "--target", "kfreebsd") if _has("mirage-test") else ""
    assert "mirage-test" in plan or not _has("mirage-test")


def _has(name: str) -> bool:
    return any((CLONE / "packages" / name).glob("*/opam"))


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _lines(path: Path) -> int:
    return path.read_text("utf-8").count("\n")
