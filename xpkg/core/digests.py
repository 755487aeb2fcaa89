"""Digests of bytes, files and values: the identity of everything xpkg keeps."""

from __future__ import annotations

from pathlib import Path

from xpkg.core.values import value

# Strongest first: opam tries them in this order too (opam manual, "checksum").
HEX_LENGTHS = {"sha512": 128, "sha256": 64, "md5": 32}
_CHUNK = 1 << 20


@value(order=True)
class Digest:
    """A named hash of some bytes, as opam writes it: ``sha256=<64 hex digits>``."""

    algorithm: str
    hex: str

    @classmethod
    def parse(cls, text: str) -> Digest:
        """Read ``algorithm=hex``; a bare 32-digit value is md5 (opam 1.x).  ValueError if malformed."""
        algorithm, separator, value = text.partition("=")
        if not separator:
            algorithm, value = "md5", text
        value = value.lower()
        length = HEX_LENGTHS.get(algorithm)
        if length is None:
            raise ValueError(f"unknown hash algorithm {algorithm!r} (known: {', '.join(HEX_LENGTHS)})")
        if len(value) != length or not set(value) <= set("0123456789abcdef"):
            raise ValueError(f"a {algorithm} digest has {length} hexadecimal digits")
        return cls(algorithm, value)

    def __str__(self) -> str:
        return f"{self.algorithm}={self.hex}"

    @property
    def strong(self) -> bool:
        """Whether the hash still resists collisions, so that it may identify a source."""
        return self.algorithm != "md5"


def strongest(digests: tuple[Digest, ...]) -> Digest | None:
    """The digest to trust among several of one source, or None when there is none."""
    order = list(HEX_LENGTHS)
    return min(digests, key=lambda digest: order.index(digest.algorithm), default=None)


def of_bytes(data: bytes, algorithm: str = "sha256") -> Digest:
    """The digest of ``data``."""
    import hashlib

    return Digest(algorithm, hashlib.new(algorithm, data).hexdigest())


def of_file(path: Path, algorithm: str = "sha256") -> Digest:
    """The digest of a file's content, read in pieces."""
    import hashlib

    hasher = hashlib.new(algorithm)
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            hasher.update(chunk)
    return Digest(algorithm, hasher.hexdigest())


def of_value(value: object) -> Digest:
    """The digest of a value in canonical JSON: sorted keys, no spaces, ASCII only."""
    import json

    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return of_bytes(text.encode("ascii"))
