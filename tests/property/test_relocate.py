"""Relocation on arbitrary bytes: no reference stays, nothing else changes, binaries keep their length."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from xpkg.sandbox.layout import PREFIX_LENGTH, TARGET, TOOLS
from xpkg.sandbox.record import Entry
from xpkg.sandbox.relocate import examine, replacements, rewrite, rewrite_file

T, U = TOOLS.encode(), TARGET.encode()

# Pieces between references: any bytes, and what looks nearly like a reference.
pieces = st.one_of(
    st.binary(max_size=30),
    st.sampled_from([b"/xpkg/", b"/xpkg/tools/", b"/xpkg/target/x", b"_", b"____", b"\0", b"\n", b"12:", b"\xff"]),
    st.text(max_size=10).map(str.encode),
)
chunks = st.lists(st.one_of(pieces, st.sampled_from([T, U])), max_size=12)
reals = (
    st.text("abcxyz-._+@0é/", min_size=1, max_size=60)
    .map(lambda text: "/" + "/".join(part for part in text.split("/") if part.strip(".")))
    .filter(lambda text: len(text) > 1)
)


def offsets(data: bytes, fixed: bytes) -> tuple[int, ...]:
    return tuple(at for at in range(len(data)) if data.startswith(fixed, at))


@given(chunks)
def test_exactly_the_whole_references_are_found(parts: list[bytes]) -> None:
    data = b"".join(parts)
    found = examine(data)
    assert found.tools == offsets(data, T)
    assert found.target == offsets(data, U)


@given(chunks, reals, reals)
def test_no_fixed_string_stays_and_nothing_else_changes(parts: list[bytes], tools: str, target: str) -> None:
    data = b"".join(parts)
    found = examine(data)
    real = replacements({TOOLS: tools, TARGET: target})
    for text in {False, found.text}:
        done = rewrite(data, real, text=text)
        assert T not in done
        assert U not in done
        if not text:
            assert len(done) == len(data)
            changed = {at + n for at in (*found.tools, *found.target) for n in range(PREFIX_LENGTH)}
            assert all(done[at] == data[at] for at in range(len(data)) if at not in changed)
            for at in found.tools:
                assert done[at : at + PREFIX_LENGTH] == tools.encode().ljust(PREFIX_LENGTH, b"/")
        else:
            rest = tools.encode().join(piece for piece in data.split(T))
            assert done == target.encode().join(rest.split(U))


@settings(max_examples=60)
@given(chunks, reals, st.booleans())
def test_a_file_is_rewritten_as_its_bytes_are(parts: list[bytes], prefix: str, only_tools: bool) -> None:
    data = b"".join(parts)
    found = examine(data)
    entry = Entry(path="f", kind="file", mode=0o444, tools=found.tools, target=found.target, text=found.text)
    real = replacements({TOOLS: prefix} if only_tools else {TOOLS: prefix, TARGET: prefix})
    with tempfile.TemporaryDirectory() as directory:
        source, destination = Path(directory, "source"), Path(directory, "destination")
        source.write_bytes(data)
        rewrite_file(str(source), str(destination), entry, real)
        assert destination.read_bytes() == rewrite(data, real, text=found.text)
        assert source.read_bytes() == data


@given(chunks, st.integers(14, PREFIX_LENGTH - 1), st.sampled_from([T, U]))
def test_a_cut_reference_is_a_problem(parts: list[bytes], length: int, fixed: bytes) -> None:
    data = b"".join(parts) + b"\0" + fixed[:length] + b"\0"
    assert any(f"at byte {len(data) - length - 1}" in problem for problem in examine(data).problems)


@given(st.lists(st.one_of(st.binary(max_size=40), st.just(T), st.just(U)), max_size=6))
def test_binary_data_is_never_text(parts: list[bytes]) -> None:
    data = b"".join(parts)
    if examine(data).text:
        assert b"\0" not in data
        data.decode("utf-8")
