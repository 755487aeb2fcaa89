"""The record of a failed build is read as strictly as it is written."""

from __future__ import annotations

import pytest

from xpkg.core.errors import StoreError
from xpkg.sandbox.failures import FailedView, decode, encode

VIEW = FailedView(
    label="lwt.5.7.0",
    environment={"A": "b", "EMPTY": ""},
    tools=("k1", "k2"),
    target=None,
    system_tools={"perl": "perl"},
)
WHOLE = encode(VIEW)


def test_what_is_written_is_read() -> None:
    assert decode(WHOLE, "here") == VIEW


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        WHOLE[:-4],
        WHOLE.replace(b'"label"', b'"lable"'),
        WHOLE.replace(b'"k1"', b"1"),
        WHOLE.replace(b"null", b'"k"'),
        WHOLE.replace(b'"b"', b"null"),
        WHOLE.replace(b'"b"', b'"b\\u0000"'),
    ],
)
def test_anything_else_is_damaged(data: bytes) -> None:
    with pytest.raises(StoreError) as caught:
        decode(data, "here")
    assert caught.value.reference == "failed-build-damaged"
    assert caught.value.context == (("file", "here"),)
