"""The machine's own apt sources, read in both forms, and the private list made from them.

Formats: sources.list(5), one-line style and deb822 style.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Any of these says "this archive serves Debian's main line"; security and update suites do not.
_DEBIAN_SUITES = {"bookworm", "trixie", "forky", "sid", "oldstable", "stable", "testing", "unstable"}
WANTED_SUITES = ("bookworm", "trixie", "sid")
_URI = re.compile(r"(https?|mirror|mirror\+https?|mirror\+file|file|copy):[^\s\[\]\"]+")
_OPTION = re.compile(r"\[([^\]]*)\]")
_KEYRING = re.compile(r"/[A-Za-z0-9/._+-]+|[0-9A-Fa-f]{16,40}!?")


@dataclass(frozen=True, slots=True, kw_only=True)
class AptSource:
    """One archive of the machine's configuration; ``signed_by`` as stated (keyring paths or key ids), or empty."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""

    @property
    def debian(self) -> bool:
        """Whether the archive has Debian's suites and the main component."""
        return bool(_DEBIAN_SUITES.intersection(self.suites)) and "main" in self.components


def read_one_line(text: str) -> list[AptSource]:
    """The entries of a ``.list`` file; lines that are none are skipped, as apt would have complained of them."""
    sources: list[AptSource] = []
    for line in text.splitlines():
        line = line.partition("#")[0].strip()
        option = _OPTION.search(line)
        words = _OPTION.sub(" ", line, count=1).split()
        if len(words) < 4 or words[0] not in ("deb", "deb-src"):
            continue
        options = dict(part.partition("=")[::2] for part in option[1].split()) if option else {}
        signed_by = options.get("signed-by", "").replace(",", " ")
        sources += _checked(words[1:2], words[2:3], words[3:], signed_by)
    return sources


def read_deb822(text: str) -> list[AptSource]:
    """The stanzas of a ``.sources`` file that are enabled."""
    sources: list[AptSource] = []
    for fields in _stanzas(text):
        if fields.get("enabled", "yes").lower() in ("no", "false", "without", "off", "disable", "0"):
            continue
        sources += _checked(
            fields.get("uris", "").split(),
            fields.get("suites", "").split(),
            fields.get("components", "").split(),
            fields.get("signed-by", ""),
        )
    return sources


def private_list(sources: list[AptSource], kind: str) -> str:
    """A one-line list with ``kind`` (deb or deb-src) for every wanted suite of the machine's Debian mirrors."""
    mirrors = dict.fromkeys((source.uri, source.signed_by) for source in sources if source.debian)
    lines = []
    for uri, signed_by in mirrors:
        option = f"[signed-by={','.join(signed_by.split())}] " if signed_by else ""
        lines += [f"{kind} {option}{uri} {suite} main" for suite in WANTED_SUITES]
    return "".join(f"{line}\n" for line in lines)


def _checked(uris: list[str], suites: list[str], components: list[str], signed_by: str) -> Iterator[AptSource]:
    """Only what can be written into a list again without changing its meaning (an inline key cannot)."""
    if not all(_KEYRING.fullmatch(word) for word in signed_by.split()):
        return
    for uri in uris:
        if _URI.fullmatch(uri):
            yield AptSource(
                uri=uri, suites=tuple(suites), components=tuple(components), signed_by=" ".join(signed_by.split())
            )


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    fields: dict[str, str] = {}
    key = ""
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                yield fields
            fields, key = {}, ""
        elif line[0] in " \t":
            fields[key] = f"{fields.get(key, '')} {line.strip()}"
        else:
            key, _, value = line.partition(":")
            key = key.strip().lower()
            fields[key] = value.strip()
