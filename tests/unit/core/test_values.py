"""Digests and text: canonical, strict, safe to show."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpkg.core.digests import Digest, of_bytes, of_file, of_value, strongest
from xpkg.core.text import did_you_mean, nearest, printable

MD5, SHA256, SHA512 = Digest("md5", "0" * 32), Digest("sha256", "1" * 64), Digest("sha512", "2" * 128)


@pytest.mark.parametrize("digest", [MD5, SHA256, SHA512], ids=lambda digest: digest.algorithm)
def test_digests_are_read_back(digest: Digest) -> None:
    assert Digest.parse(str(digest)) == digest
    assert Digest.parse(str(digest).upper().replace("MD5", "md5").replace("SHA", "sha")) == digest
    assert digest.strong == (digest != MD5)


def test_a_bare_value_is_md5() -> None:
    assert Digest.parse("0" * 32) == MD5


@pytest.mark.parametrize("text", ["", "sha256=", "sha256=" + "1" * 63, "sha256=" + "g" * 64, "sha1=" + "1" * 40, "x"])
def test_malformed_digests(text: str) -> None:
    with pytest.raises(ValueError, match=r"digits|algorithm"):
        Digest.parse(text)


def test_the_strongest_decides() -> None:
    assert strongest((MD5, SHA256, SHA512)) == SHA512
    assert strongest((SHA256, MD5)) == SHA256
    assert strongest(()) is None


def test_digests_of_bytes_files_and_values(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc" * 1_000_000)
    assert of_file(path) == of_bytes(b"abc" * 1_000_000)
    # Known since FIPS 180-2.
    assert of_bytes(b"abc").hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert of_value({"b": [1, "é"], "a": None}) == of_bytes(b'{"a":null,"b":[1,"\\u00e9"]}')
    assert of_value({"a": 1, "b": 2}) == of_value({"b": 2, "a": 1})
    with pytest.raises(ValueError, match="JSON"):
        of_value(float("nan"))


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("plain é 漢", "plain é 漢"),
        ("a\tb\nc", "a\tb\nc"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\r\x08\x7f\x9b", "\\r\\x08\\x7f\\x9b"),
        ("\u202e\u2066\u200b\ufeff", "\\u202e\\u2066\\u200b\\ufeff"),
        ("\u2028\ud800", "\\u2028\\ud800"),
    ],
)
def test_printable(text: str, safe: str) -> None:
    assert printable(text) == safe


def test_nearest_names() -> None:
    known = ["lwt", "lwt_ppx", "cstruct", "dune"]
    assert nearest("lwtt", known)[0] == "lwt"
    assert nearest("struct", known) == ["cstruct"]
    assert nearest("", known) == []
    assert did_you_mean("dnue", known) == "did you mean dune?"
    assert did_you_mean("qqqq", known) is None


@pytest.mark.parametrize(
    ("typed", "known", "meant"),
    [
        ("greting", ["gen", "ring", "greeter", "greeting"], ["greeting"]),
        ("gen", ["ren", "ge", "gen-tools", "oxygen-lib", "re"], ["ge", "ren", "gen-tools"]),
        ("tyo", ["toy", "two", "to"], ["to", "toy", "two"]),
        ("Lwt", ["lwt", "let"], ["lwt", "let"]),
        ("ocamlfidn", ["ocamlfind", "ocaml", "ocamlbuild"], ["ocamlfind"]),
        ("li", ["lib", "list", "lima", "stdlib-shims", "ok"], ["lib", "lima", "list"]),
        ("a", ["b", "ab", "ba", "abcd"], ["ab"]),
        ("2", ["2.0", "1.2", "20.1.0"], ["2.0"]),
        ("bb", ["bb-unix-lib", "bbunixlib", "b-bb"], ["bb-unix-lib"]),
        ("conf-gpm", ["conf-gmp", "conf-gpg", "conf-npm"], ["conf-gmp", "conf-gpg", "conf-npm"]),
    ],
)
def test_hints_of_names_are_near_for_their_length(typed: str, known: list[str], meant: list[str]) -> None:
    assert nearest(typed, known) == meant
