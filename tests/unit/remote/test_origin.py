"""What is kept of where a copy came from, whole and damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from xpkg.repo.remote.origin import Broken, Origin, read_origin, write_origin

WHOLE = Origin(
    address="https://x.example/r",
    fetched=1_700_000_000,
    sha256="0" * 64,
    etag='"1"',
    versions=2,
    broken=(Broken(name="a", version="1", problem="p"),),
    left_out=("packages/x",),
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_origin(tmp_path, WHOLE)
    assert read_origin(tmp_path) == WHOLE


@pytest.mark.parametrize("text", ["", "{", "{}", '"x"', "null", "[]", "1", "1e400", '{"format": 1}', "[" * 100_000])
def test_what_is_no_origin_at_all(tmp_path: Path, text: str) -> None:
    (tmp_path / "origin.json").write_text(text)
    assert read_origin(tmp_path) is None


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("format", "2"),
        ("address", "null"),
        ("address", "[]"),
        ("fetched", '"yesterday"'),
        ("fetched", "1e400"),
        ("fetched", "1.5"),
        ("fetched", "true"),
        ("fetched", "-1"),
        ("fetched", "9" * 30),
        ("commit", "1"),
        ("sha256", "null"),
        ("etag", "{}"),
        ("modified", "0"),
        ("versions", '"2"'),
        ("versions", "null"),
        ("broken", "{}"),
        ("broken", '"x"'),
        ("broken", "[null]"),
        ("broken", "[{}]"),
        ("broken", '[{"name": "a", "version": 1, "problem": "p"}]'),
        ("broken", '[{"name": "a", "version": "1", "problem": "p", "more": ""}]'),
        ("left_out", '"packages"'),
        ("left_out", "[1]"),
        ("unheard-of", '""'),
    ],
)
def test_a_field_of_another_form(tmp_path: Path, key: str, text: str) -> None:
    write_origin(tmp_path, WHOLE)
    path = tmp_path / "origin.json"
    data = json.loads(path.read_text())
    data[key] = "@"
    path.write_text(json.dumps(data).replace('"@"', text))
    assert read_origin(tmp_path) is None


@pytest.mark.parametrize("key", ["format", "address", "fetched", "commit", "versions", "broken", "left_out"])
def test_a_field_that_is_not_there(tmp_path: Path, key: str) -> None:
    write_origin(tmp_path, WHOLE)
    path = tmp_path / "origin.json"
    path.write_text(json.dumps({other: value for other, value in json.loads(path.read_text()).items() if other != key}))
    assert read_origin(tmp_path) is None
