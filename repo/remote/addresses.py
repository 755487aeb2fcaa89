"""The addresses of repositories as users write them, brought to one form each.

opam's spellings (opam manual, "URLs"; OpamUrl), without the transports that nobody should trust.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from xpkg.core.errors import UsageError
from xpkg.repo.sources.attempt import AttemptFailed, shown
from xpkg.repo.sources.git_client import plain_address

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]{0,199}")
_REFUSED = {
    "git": "git:// is neither encrypted nor authenticated; use git+https:// or git+ssh://",
    "git+http": "git over http is not authenticated; use git+https:// or git+ssh://",
    "ssh": "write git+ssh://USER@HOST/PATH",
    "rsync": "rsync is not supported; use a directory, git or https",
    "hg": "Mercurial is not supported; use a directory, git or https",
    "darcs": "Darcs is not supported; use a directory, git or https",
    "ext": "a command is no address",
}
_FORMS = "a directory, git+https://HOST/PATH[#BRANCH], git+ssh://, git+file:///PATH, https://HOST/PATH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a repository is: ``location`` as kept in the settings, and the commit it was given with, if any."""

    location: str
    commit: str | None = None


def address_of(text: str, directory: Path) -> Address:
    """What a user's address means; ``directory`` is what a relative path starts from.  UsageError says why not."""
    if not text or text != text.strip() or any(ord(character) < 32 for character in text):
        raise _wrong(text, "it is empty, or has spaces or control characters around or in it")
    scheme, _, rest = text.partition(":")
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme) and rest.startswith(("//", ":")):
        return _of_scheme(scheme.lower(), rest, text)
    if re.match(r"[^/]+@[^/:]+:", text):
        raise _wrong(text, _REFUSED["ssh"])
    if scheme.lower() == "file":
        return _file(text, rest)
    return Address(location=str(directory / text))  # whose name may have a colon in it


def _of_scheme(scheme: str, rest: str, text: str) -> Address:
    plain = scheme if scheme in _REFUSED else scheme.partition("+")[0]
    if rest.startswith(":"):
        raise _wrong(text, _REFUSED["ext"])
    if scheme.startswith("git+") and scheme not in _REFUSED:
        return _git(f"{scheme}:{rest}", text)
    if plain in _REFUSED:
        raise _wrong(text, _REFUSED[plain])
    if scheme == "file":
        return _file(text, rest)
    if scheme == "https" and text.partition("#")[0].endswith(".git"):
        return _git(f"git+{scheme}:{rest}", text)
    if scheme not in ("https", "http"):
        raise _wrong(text, f"unknown scheme {scheme}")
    return _web(f"{scheme}:{rest}", text)


def _file(text: str, rest: str) -> Address:
    path = unquote(rest.removeprefix("//localhost").removeprefix("//"))
    if not path.startswith("/"):
        raise _wrong(text, "a file URL is file:// and an absolute path")
    return Address(location=path)


def _git(location: str, text: str) -> Address:
    place, _, ref = location.partition("#")
    try:
        plain_address(place)
    except AttemptFailed as error:
        raise _wrong(text, error.reason) from error
    if _COMMIT.fullmatch(ref):
        return Address(location=place, commit=ref)
    if ref and (_REF.fullmatch(ref) is None or ".." in ref):
        raise _wrong(text, f"{ref[:80]!r} cannot name a branch or tag")
    return Address(location=f"{place}#{ref}" if ref else place)


def _web(location: str, text: str) -> Address:
    try:
        parts = urlsplit(location)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise _wrong(text, "its host or port is malformed") from error  # the library's words may be the password
    if not host or host.startswith("-"):
        raise _wrong(text, "it names no host")
    if parts.fragment or parts.query:
        raise _wrong(text, "an https address has no '?' or '#'; for a branch of a git repository write git+https://")
    return Address(location=location.rstrip("/"))


def _wrong(text: str, why: str) -> UsageError:
    # Where an address is malformed nobody can tell where a password ends: everything up to the last @ goes.
    told = shown(re.sub(r"//.*@", "//", text))
    return UsageError(f"{told[:200]!r} is no address of a repository: {why}", reference="bad-address", hint=_FORMS)
