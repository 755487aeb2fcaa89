"""Downloads over https and http: resumed, bounded in time and size, never downgraded.

RFC 9110 (13.1.5 If-Range, 14 Range Requests); CVE-2019-3462 and CVE-2026-5222 for redirects;
TUF specification 1.0.34, "endless data" and "slow retrieval" attacks for the bounds.
"""

from __future__ import annotations

import json
import os
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from xpkg.core.files import disk_errors
from xpkg.repo.sources.attempt import Attempt, AttemptFailed, shown

_PIECE = 1 << 16
_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_REDIRECTS = 10
_BUSY = (429, 500, 502, 503, 504)
_NOBODY = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.ProxyError,
)
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


def _sendable(text: str) -> str:
    return text if text.isascii() and text.isprintable() else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """How a server names what it has at a URL (RFC 9110, 8.8); empty texts where it does not.

    What is not printable ASCII is dropped: it could not be sent back.
    """

    etag: str = ""
    modified: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "etag", _sendable(self.etag))
        object.__setattr__(self, "modified", _sendable(self.modified))


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """What an index needs beside a URL: headers, the certificates pip is told to trust, the version we have."""

    accept: str = "*/*"
    certificates: str | None = None
    known: Version = Version()


class NotModified(Exception):
    """The server still has the version that was known."""


def download(attempt: Attempt, extra: Extra | None = None) -> str:
    """Leave the bytes of ``attempt.url`` in ``attempt.partial``; the URL that gave them at last is returned.

    AttemptFailed when it cannot be; what came is kept for the next time.  NotModified when the server has no other
    than the known version.
    """
    deadline = time.monotonic() + attempt.settings.total_seconds
    with _session(attempt, extra or Extra()) as session:
        for count in range(1, attempt.settings.attempts + 1):
            try:
                return _once(session, attempt, deadline)
            except _BrokenOff as error:
                if count == attempt.settings.attempts:
                    raise AttemptFailed(error.reason) from error
                attempt.stop.wait(attempt.settings.backoff_seconds * count)
    raise AssertionError("unreachable: attempts is at least 1")


class _BrokenOff(AttemptFailed):
    """The connection ended too early; going on from there may help."""


def downloaded_version(partial: Path) -> Version:
    """How the server named what `download` left in ``partial``."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        notes = json.loads(_notes(partial).read_text())
        return Version(etag=str(notes["etag"]), modified=str(notes["modified"]))
    return Version()


def offers_another(attempt: Attempt, known: Version) -> bool:
    """Whether the server has another version than the known one; nothing of it is read."""
    with _session(attempt, Extra(known=known)) as session, _errors():
        response, _ = _follow(session, attempt, {})
        with response:
            if response.status_code not in (200, 304):
                raise AttemptFailed(f"HTTP status {response.status_code} {response.reason or ''}".strip())
            return response.status_code == 200


def _session(attempt: Attempt, extra: Extra) -> requests.Session:
    session = requests.Session()
    retry = Retry(
        total=attempt.settings.attempts - 1,
        backoff_factor=attempt.settings.backoff_seconds,
        status_forcelist=_BUSY,
        redirect=False,
        raise_on_status=False,
        respect_retry_after_header=False,  # a server must not make us wait as long as it likes
    )
    session.mount("https://", HTTPAdapter(max_retries=retry))
    session.mount("http://", HTTPAdapter(max_retries=retry))
    session.headers.update({"User-Agent": "xpkg", "Accept": extra.accept, "Accept-Encoding": "identity"})
    if extra.known.etag:
        session.headers["If-None-Match"] = extra.known.etag
    elif extra.known.modified:
        session.headers["If-Modified-Since"] = extra.known.modified
    if extra.certificates:
        session.verify = extra.certificates
    return session


def _once(session: requests.Session, attempt: Attempt, deadline: float) -> str:
    have = attempt.partial.stat().st_size if attempt.partial.exists() else 0
    headers = _range_headers(attempt, have)
    with _errors():
        response, url = _follow(session, attempt, headers)
        with response:
            have = _start(response, have, attempt)
            if have >= 0:
                _receive(response, have, attempt, deadline)
    return url


def _range_headers(attempt: Attempt, have: int) -> dict[str, str]:
    """Ask for the rest, on the condition that the resource is the one we have a part of.

    Where the server names no version of it, only a hash can tell afterwards whether the parts belong together.
    """
    if not have:
        return {}
    asked = {"Range": f"bytes={have}-"}
    with suppress(OSError, ValueError, KeyError, TypeError):
        if validator := _sendable(str(json.loads(_notes(attempt.partial).read_text())["validator"])):
            return {**asked, "If-Range": validator}
    return asked if attempt.digests else {}


def _notes(partial: Path) -> Path:
    return partial.with_name(partial.name + ".http")


def _follow(session: requests.Session, attempt: Attempt, headers: dict[str, str]) -> tuple[requests.Response, str]:
    """Send the request and follow redirects by our own rules."""
    url = attempt.url
    for _ in range(_MOST_REDIRECTS + 1):
        attempt.stop.check()
        bare, credentials = _split_credentials(url)
        response = session.get(
            bare,
            headers=headers,
            stream=True,
            allow_redirects=False,
            timeout=(attempt.settings.connect_seconds, attempt.settings.idle_seconds),
            # A function instead of None: keeps requests from looking for passwords in ~/.netrc.
            auth=credentials or (lambda request: request),
        )
        if response.status_code not in _REDIRECTS or "Location" not in response.headers:
            return response, url
        response.close()
        url = _redirected(url, response.headers["Location"])
    raise AttemptFailed(f"more than {_MOST_REDIRECTS} redirects")


def _redirected(url: str, location: str) -> str:
    try:
        target = urljoin(url, location)
        old, new = urlsplit(url), urlsplit(target)
        same_origin = (old.scheme, old.hostname, old.port) == (new.scheme, new.hostname, new.port)
    except ValueError as error:
        raise AttemptFailed(f"redirected to a malformed address: {location!r}") from error
    if new.scheme not in ("http", "https"):
        raise AttemptFailed(f"redirected to {new.scheme or 'nothing'}, which is refused: {shown(target)}")
    if old.scheme == "https" and new.scheme == "http":
        raise AttemptFailed(f"redirected from https to http, which is refused: {shown(target)}")
    netloc = new.netloc.rpartition("@")[2]
    if same_origin and "@" in old.netloc:
        netloc = f"{old.netloc.rpartition('@')[0]}@{netloc}"
    return urlunsplit(new._replace(netloc=netloc))


def _split_credentials(url: str) -> tuple[str, tuple[str, str] | None]:
    parts = urlsplit(url)
    user, separator, host = parts.netloc.rpartition("@")
    if not separator:
        return url, None
    name, _, password = user.partition(":")
    return urlunsplit(parts._replace(netloc=host)), (unquote(name), unquote(password))


def _start(response: requests.Response, have: int, attempt: Attempt) -> int:
    """How many bytes of the partial file stand; -1 when it is complete already."""
    status = response.status_code
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if status == 206 and have and match and match[1] and int(match[1]) == have:
        return have
    if status == 416 and match and match[3] == str(have):
        return -1
    if status == 304:
        raise NotModified
    if status in (206, 416):
        _discard(attempt.partial)
        raise _BrokenOff("the server sent another range than was asked for")
    if status != 200:
        raise AttemptFailed(f"HTTP status {status} {response.reason or ''}".strip())
    _discard(attempt.partial)
    named = Version(etag=response.headers.get("ETag", ""), modified=response.headers.get("Last-Modified", ""))
    etag, modified = named.etag, named.modified
    # If-Range wants a strong validator (RFC 9110, 13.1.5).
    notes = {"etag": etag, "modified": modified, "validator": etag if etag[:2] not in ("", "W/") else modified}
    if etag or modified:
        with disk_errors("download to", attempt.partial):
            _notes(attempt.partial).write_text(json.dumps(notes))
    return 0


def _discard(partial: Path) -> None:
    partial.unlink(missing_ok=True)
    _notes(partial).unlink(missing_ok=True)


def _receive(response: requests.Response, have: int, attempt: Attempt, deadline: float) -> None:
    length = response.headers.get("Content-Length", "")
    total = have + int(length) if length.isascii() and length.isdigit() else None
    limit = attempt.settings.max_bytes
    if total is not None and total > limit:
        raise AttemptFailed(f"the server wants to send {total} bytes; the limit is {limit}")
    pace = _Pace(attempt, deadline)
    with disk_errors("download to", attempt.partial):
        descriptor = os.open(attempt.partial, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb", buffering=0) as file, attempt.stop.cutting(lambda: _cut(response)):
        for piece in _pieces(response):
            attempt.stop.check()
            have += len(piece)
            if have > limit:
                raise AttemptFailed(f"the server sends more than the limit of {limit} bytes")
            with disk_errors("download to", attempt.partial):
                file.write(piece)
            pace.passed(have, total)
    attempt.stop.check()
    attempt.advance(have, total)
    if total is not None and have != total:
        raise _BrokenOff(f"the transfer ended after {have} of {total} bytes")


def _pieces(response: requests.Response) -> Iterator[bytes]:
    """The body as it comes in, not decoded: a whole read would hide a slow drip behind the idle time-out."""
    read = getattr(response.raw, "read1", None) or response.raw.read
    while piece := read(_PIECE, decode_content=False):
        yield piece


class _Pace:
    """Total time and least rate, and progress told at most some ten times a second."""

    def __init__(self, attempt: Attempt, deadline: float) -> None:
        self._attempt, self._deadline = attempt, deadline
        self._told = self._window = time.monotonic()
        self._window_start: int | None = None

    def passed(self, have: int, total: int | None) -> None:
        now = time.monotonic()
        settings = self._attempt.settings
        if now > self._deadline:
            raise AttemptFailed(f"the download took longer than {settings.total_seconds:.0f} s")
        if self._window_start is None:
            self._window_start = have
        if now - self._window >= settings.slow_seconds:
            if have - self._window_start < settings.least_rate * (now - self._window):
                raise AttemptFailed(f"the server sends less than {settings.least_rate} bytes a second")
            self._window, self._window_start = now, have
        if now - self._told > 0.1:
            self._told = now
            self._attempt.advance(have, total)


def _cut(response: requests.Response) -> None:
    """Wake a read that is blocked in another thread: only shutdown(2) does that, not close(2)."""
    with suppress(OSError, AttributeError, ValueError), socket.socket(fileno=os.dup(response.raw.fileno())) as copy:
        copy.shutdown(socket.SHUT_RDWR)


@contextmanager
def _errors() -> Iterator[None]:
    """The libraries' many errors as the two that matter: nobody answered, or it broke off."""
    try:
        yield
    except (requests.exceptions.SSLError, urllib3.exceptions.SSLError) as error:
        raise AttemptFailed(f"TLS: {_cause(error)}") from error
    except requests.exceptions.ReadTimeout as error:
        raise AttemptFailed("the server did not answer in time") from error
    except (requests.exceptions.ConnectionError, requests.exceptions.ConnectTimeout) as error:
        reason = getattr(error.args[0] if error.args else None, "reason", None)
        raise AttemptFailed(f"no connection: {_cause(error)}", unreachable=isinstance(reason, _NOBODY)) from error
    except urllib3.exceptions.ReadTimeoutError as error:
        raise AttemptFailed("the server stopped sending") from error
    except (urllib3.exceptions.HTTPError, requests.exceptions.ChunkedEncodingError) as error:
        raise _BrokenOff(f"the transfer broke off: {_cause(error)}") from error
    except (requests.exceptions.RequestException, ValueError) as error:
        raise AttemptFailed(f"not a usable address: {_cause(error)}") from error


def _cause(error: BaseException) -> str:
    """The innermost reason; the outer texts repeat URLs and object addresses."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    inner = reason or error.__cause__ or error
    text = str(inner.args[0]) if inner.args and isinstance(inner.args[0], str) else str(inner)
    return re.sub(r"<[^<>]*object at 0x[0-9a-f]+>:? ?|HTTPS?Connection(Pool)?\([^()]*\):? ?", "", text)[:200]
