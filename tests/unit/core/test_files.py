from __future__ import annotations

import os
from pathlib import Path

from xpkg.core.files import remove_tree


def test_a_tree_of_any_depth_and_mode_is_removed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "kept").mkdir(parents=True)
    top = tmp_path / "top"
    (top / "closed" / "within").mkdir(parents=True)
    (top / "link").symlink_to(outside)
    here = Path.cwd()
    os.chdir(top)
    for _ in range(3000):  # more than Python recurses and, as a path, than Linux takes
        os.mkdir("d")
        os.chdir("d")
    Path("file").write_bytes(b"")
    os.symlink(outside, "link")
    os.chdir(here)
    (top / "closed" / "within").chmod(0)
    (top / "closed").chmod(0)
    remove_tree(top)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["kept", "outside"]


def test_removing_a_file_a_link_and_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "link").symlink_to(".")
    for name in ("file", "link", "absent"):
        remove_tree(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
