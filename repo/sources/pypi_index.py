"""Looking a file up in the package indexes of pip's configuration, and downloading it without pip.

Formats: PEP 503 (HTML) and PEP 691 (JSON); a directory in PEP 503's layout; ``find-links`` directories.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from xpkg.repo.sources.attempt import Attempt, AttemptFailed, shown
from xpkg.repo.sources.client_process import Done
from xpkg.repo.sources.http_download import Extra, download
from xpkg.repo.sources.local_file import copy_file

_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"
_PAGE_BOUND = 64 << 20  # bytes
_SECTIONS = ("global", "download", ":env:")  # the later wins, as in pip's "Configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Configuration:
    indexes: tuple[str, ...]
    directories: tuple[str, ...]
    certificates: str | None


def find_in_indexes(attempt: Attempt, pip: Callable[..., Done], project: str, filename: str) -> None:
    """Download ``filename`` of ``project`` from the first configured index that lists it."""
    configuration = _configuration(pip)
    for directory in configuration.directories:
        path = Path(unquote(urlsplit(directory).path) if directory.startswith("file:") else directory)
        if (path / filename).is_file():
            copy_file(replace(attempt, url=(path / filename).resolve().as_uri()))
            return
    failures = []
    for index in configuration.indexes:
        try:
            url = _listed(attempt, index, project, filename, configuration.certificates)
        except AttemptFailed as error:
            failures.append(error)
            continue
        if url is not None:
            _get(replace(attempt, url=url), Extra(certificates=configuration.certificates))
            return
    if failures:
        reasons = "; ".join(error.reason for error in failures)
        raise AttemptFailed(reasons, unreachable=all(error.unreachable for error in failures))
    raise AttemptFailed(f"no configured package index lists {filename}")


def _configuration(pip: Callable[..., Done]) -> _Configuration:
    done = pip("config", "list")
    if done.code != 0:
        raise done.failure("pip")
    values: dict[str, str] = {}
    for section in _SECTIONS:
        for line in done.out.splitlines():
            key, separator, value = line.partition("=")
            if separator and key.startswith(section + "."):
                values[key.removeprefix(section + ".")] = _literal(value)
    main = values.get("index-url") or _default_index(pip)
    indexes = (main, *values.get("extra-index-url", "").split())
    if values.get("no-index", "").lower() in ("1", "true", "yes", "on"):
        indexes = ()
    return _Configuration(
        indexes=indexes,
        directories=tuple(
            place for place in values.get("find-links", "").split() if urlsplit(place).scheme in ("", "file")
        ),
        certificates=values.get("cert"),
    )


def _literal(text: str) -> str:
    try:
        return str(ast.literal_eval(text))
    except (ValueError, SyntaxError):
        return text


def _default_index(pip: Callable[..., Done]) -> str:
    """pip's own default, from its help text: the only place where pip says it."""
    text = " ".join(pip("download", "--help").out.split())
    match = re.search(r"--index-url <url> .*?\(default (https://\S+)\)", text)
    if match is None:
        raise AttemptFailed("pip does not say which package index it uses")
    return match[1]


def _listed(attempt: Attempt, index: str, project: str, filename: str, certificates: str | None) -> str | None:
    """The URL of a file in one index, or None when it lists no such file."""
    if index.startswith("file:"):
        return _listed_in_directory(index, project, filename)
    page = attempt.partial.with_name(attempt.partial.name + ".index")
    page.unlink(missing_ok=True)
    url = f"{index.rstrip('/')}/{project}/"
    try:
        bounded = replace(attempt.settings, max_bytes=_PAGE_BOUND)
        reading = replace(attempt, url=url, partial=page, settings=bounded, advance=lambda done, total: None)
        base = download(reading, Extra(accept=_ACCEPT, certificates=certificates))
        text = page.read_text("utf-8", "replace")
    except AttemptFailed as error:
        if "status 404" in error.reason:
            return None
        raise AttemptFailed(f"{shown(url)}: {error.reason}", unreachable=error.unreachable) from error
    finally:
        page.unlink(missing_ok=True)
        page.with_name(page.name + ".http").unlink(missing_ok=True)
    return next((_followed(base, link) for name, link in _links(text) if name == filename), None)


def _followed(base: str, link: str) -> str:
    """Where a link of a page leads: never to a file of this machine, and not from https to http."""
    url = urljoin(base, link)
    scheme = urlsplit(url).scheme
    if scheme != "https" and scheme != urlsplit(base).scheme:
        raise AttemptFailed(f"the package index links to {scheme or 'nothing'}, which is refused: {shown(url)}")
    return url


def _listed_in_directory(index: str, project: str, filename: str) -> str | None:
    directory = Path(unquote(urlsplit(index).path)) / project
    page = directory / "index.html"
    if page.is_file():
        links = _links(page.read_text("utf-8", "replace"))
        return next((urljoin(page.as_uri(), link) for name, link in links if name == filename), None)
    return (directory / filename).as_uri() if (directory / filename).is_file() else None


def _get(attempt: Attempt, extra: Extra) -> None:
    plain = replace(attempt, url=attempt.url.partition("#")[0])
    if plain.url.startswith("file:"):
        copy_file(plain)
    else:
        download(plain, extra)


def _links(text: str) -> Iterator[tuple[str, str]]:
    """File names and links of one project's page, JSON or HTML."""
    if text.lstrip().startswith("{"):
        try:
            files = json.loads(text)["files"]
            yield from [(str(file["filename"]), str(file["url"])) for file in files]
        except (ValueError, KeyError, TypeError) as error:
            raise AttemptFailed("the package index sent a page that cannot be read") from error
        return
    anchors = _Anchors()
    anchors.feed(text)
    for link in anchors.links:
        yield unquote(urlsplit(link).path.rpartition("/")[2]), link


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.links += [value for key, value in attributes if tag == "a" and key == "href" and value]
