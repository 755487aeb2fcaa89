from __future__ import annotations

from dataclasses import replace

import pytest

from xpkg.core.errors import StoreError
from xpkg.sandbox.layout import PREFIX_LENGTH, TARGET, TOOLS
from xpkg.sandbox.record import Entry, OutputRecord, decode, decode_origin, encode

RECORD = OutputRecord(
    name="lwt",
    version="5.7.0",
    machine="kfreebsd",
    key="a" * 64,
    isolation="bubblewrap",
    dependencies=("b" * 64,),
    requires=("ocaml", "ocplib-endian"),
    inputs={"steps": [["dune", "build"]], "jobs": None, "n": 1},
    timings={"build": 1.25},
    manifest=(
        Entry(path="lib", kind="directory"),
        Entry(path="lib/é.cmi", kind="file", mode=0o444, size=3, sha256="0" * 64, tools=(1,), target=(4, 9), text=True),
        Entry(path="lib/l", kind="link", mode=0o777, link="é.cmi"),
    ),
)


def test_the_fixed_prefixes_have_one_length() -> None:
    assert len(TOOLS) == len(TARGET) == PREFIX_LENGTH == 160
    assert TOOLS.startswith("/xpkg/tools/_")
    assert TARGET.startswith("/xpkg/target/_")


def test_a_record_is_read_back_as_written() -> None:
    assert decode(encode(RECORD), "f") == RECORD
    assert encode(decode(encode(RECORD), "f")) == encode(RECORD)


def test_what_an_output_was_made_from_is_read_alone() -> None:
    found = decode_origin(encode(RECORD), "f")
    assert (found.key, found.dependencies, found.requires) == (RECORD.key, RECORD.dependencies, RECORD.requires)
    with pytest.raises(StoreError, match="not what its hash says"):
        decode_origin(encode(RECORD).replace(b"cmi", b"cmo"), "f")


def test_every_flipped_bit_and_every_cut_is_found() -> None:
    data = encode(RECORD)
    for at in range(len(data) - 1):  # the last byte is a newline
        with pytest.raises(StoreError) as caught:
            decode(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], "the-file")
        assert caught.value.reference in ("record-damaged", "record-format")
        assert ("file", "the-file") in caught.value.context
        with pytest.raises(StoreError):
            decode(data[:at], "the-file")


def test_another_format_is_named() -> None:
    with pytest.raises(StoreError, match="format 2, this xpkg reads format 1") as caught:
        decode(encode(RECORD).replace(b'"format":1', b'"format":2'), "f")
    assert caught.value.reference == "record-format"


@pytest.mark.parametrize(
    "paths",
    [
        ["/etc"],
        [".."],
        ["."],
        [""],
        ["lib/"],
        ["lib/.."],
        ["lib/../x"],
        ["lib//x"],
        ["lib/absent/x"],
        ["lib/file/x"],
        ["lib/link/x"],
        ["lib/a\0b"],
        ["lib/new", "lib/new"],
        ["lib"],
    ],
)
def test_a_manifest_that_is_no_tree_is_damaged(paths: list[str]) -> None:
    """The hash is right: whoever sends a record makes it."""
    tree = (
        Entry(path="lib", kind="directory"),
        Entry(path="lib/file", kind="file"),
        Entry(path="lib/link", kind="link", link="/etc"),
    )
    assert decode(encode(replace(RECORD, manifest=tree)), "f").manifest == tree
    wrong = replace(RECORD, manifest=(*tree, *(Entry(path=path, kind="file") for path in paths)))
    with pytest.raises(StoreError) as caught:
        decode(encode(wrong), "f")
    assert caught.value.reference == "record-damaged"
