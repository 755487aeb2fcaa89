from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from xpkg.core.files import NotRegular, read_regular, remove_tree


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


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    assert read_regular(tmp_path / "file", 100) == b"content"
    assert read_regular(tmp_path / "link", 4) == b"cont"
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/zero")
    here = Path.cwd()
    with socket.socket(socket.AF_UNIX) as listening:
        os.chdir(tmp_path)  # the path of a socket is short
        listening.bind("socket")
        os.chdir(here)
        for name in ("pipe", "device", "socket"):
            with pytest.raises(NotRegular):
                read_regular(tmp_path / name, 1)
    with pytest.raises(IsADirectoryError):
        read_regular(tmp_path, 1)
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "absent", 1)
