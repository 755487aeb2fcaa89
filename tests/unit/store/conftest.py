"""Real stores in temporary directories."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from xpkg.core.paths import StateRoot
from xpkg.sandbox.layout import TARGET
from xpkg.sandbox.manifest import scan
from xpkg.sandbox.record import OutputRecord
from xpkg.sandbox.store import Store, StoredOutput

Content = bytes | str | None
"""Of a file, of a symbolic link, or a directory."""

Make = Callable[..., StoredOutput]


@pytest.fixture
def root(tmp_path: Path) -> StateRoot:
    return StateRoot(tmp_path / "root")


@pytest.fixture
def store(root: StateRoot) -> Store:
    return Store(root)


def fill(tree: Path, files: Mapping[str, Content]) -> None:
    """Make files; those in ``bin`` are programs."""
    tree.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.mkdir(exist_ok=True)
        elif isinstance(content, str):
            path.symlink_to(content)
        else:
            path.write_bytes(content)
            path.chmod(0o755 if name.startswith("bin/") else 0o644)


@pytest.fixture
def make(store: Store) -> Make:
    """Publish an output: ``make("key", {"bin/x": b"..."}, name="a", own=TOOLS)``."""

    def publish(key: str, files: Mapping[str, Content], *, name: str | None = None, own: str = TARGET) -> StoredOutput:
        with store.lock(key), store.staging(key) as staged:
            fill(staged / "files", files)
            record = OutputRecord(
                name=name or key,
                version="1.0",
                machine="kfreebsd" if own == TARGET else "build",
                key=key,
                isolation="bubblewrap",
                manifest=scan(staged / "files", own=own, package=name or key),
            )
            return store.publish(staged, record)

    return publish


@pytest.fixture
def tree(tmp_path: Path) -> Callable[[Mapping[str, Content]], Path]:
    """Make a tree that is no output yet."""

    def build(files: Mapping[str, Content]) -> Path:
        fill(tmp_path / "tree", files)
        return tmp_path / "tree"

    return build


@pytest.fixture
def contents() -> Callable[[Path], dict[str, Content]]:
    """What a tree holds, as :func:`fill` takes it."""

    def read(tree: Path) -> dict[str, Content]:
        found: dict[str, Content] = {}
        for directory, directories, files in os.walk(tree):
            for name in [*directories, *files]:
                path = Path(directory, name)
                key = str(path.relative_to(tree))
                if path.is_symlink():
                    found[key] = os.readlink(path)
                else:
                    found[key] = None if path.is_dir() else path.read_bytes()
        return found

    return read
