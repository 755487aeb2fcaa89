"""A repository in three forms: files, a git repository, a web server's index."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.unit.sources.conftest import Answer, Handler, Site, run_site
from xpkg.ops.home import Home

Files = dict[str, bytes]


def recipe(name: str, version: str, text: str = "") -> tuple[str, bytes]:
    """The path and content of a recipe."""
    return f"packages/{name}/{name}.{version}/opam", f'opam-version: "2.0"\n{text}\n'.encode()


def repository(*packages: tuple[str, bytes]) -> Files:
    """The files of a repository with these recipes, or with three."""
    chosen = packages or (recipe("a", "1"), recipe("a", "2"), recipe("b", "1"))
    return {"repo": b'opam-version: "2.0"\n', **dict(chosen)}


def many(count: int) -> Files:
    """A repository of so many versions."""
    return repository(*(recipe(f"p{number}", "1") for number in range(count)))


def write(files: Mapping[str, bytes], directory: Path) -> Path:
    for path, data in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(data)
    return directory


def tar(files: Mapping[str, bytes | tarfile.TarInfo], top: str = "") -> bytes:
    """An index.tar.gz with these members."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, data in files.items():
            if isinstance(data, tarfile.TarInfo):
                archive.addfile(data)
                continue
            member = tarfile.TarInfo(top + path)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return gzip.compress(buffer.getvalue(), mtime=0)


def current(data: bytes, etag: str = '"1"', modified: str = "") -> Answer:
    """The data under an ETag or a time, with conditions and ranges as RFC 9110 has them."""

    def answer(handler: Handler) -> None:
        names = {"ETag": etag} if etag else {}
        if modified:
            names["Last-Modified"] = modified
        asked = handler.headers
        if (etag and asked.get("If-None-Match") == etag) or (modified and asked.get("If-Modified-Since") == modified):
            handler.head(304, **names)
            return
        start = 0
        if asked.get("Range") and asked.get("If-Range") in (etag, modified):
            start = int(asked["Range"].removeprefix("bytes=").rstrip("-"))
            names["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        handler.head(206 if start else 200, Content_Length=len(data) - start, **names)
        handler.wfile.write(data[start:])

    return answer


class Upstream:
    """A git repository to fetch from."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "protocol.file.allow=always"]
        return subprocess.run(
            ["git", *identity, *arguments], cwd=self.path, check=True, capture_output=True, text=True
        ).stdout.strip()

    def commit(self, files: Mapping[str, bytes] | None = None) -> str:
        """Commit these files, and no others, or the work tree as it is."""
        if files is not None:
            self.git("rm", "-rq", "--ignore-unmatch", ".")
            write(files, self.path)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "x")
        return self.git("rev-parse", "HEAD")

    @property
    def url(self) -> str:
        return f"git+file://{self.path}"


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    return Upstream(tmp_path / "upstream")


@pytest.fixture
def site() -> Iterator[Site]:
    yield from run_site()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def home(state: Path) -> Home:
    return Home(state, environment=dict(os.environ))
