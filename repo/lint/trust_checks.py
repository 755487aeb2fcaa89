"""xpkg's own checks of sources: whether the bytes are fixed, and whether xpkg can fetch them at all."""

from __future__ import annotations

import re
from collections.abc import Iterator

from xpkg.repo.lint.findings import Found, error, warning
from xpkg.repo.lint.subject import SourceSection, Subject

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_BRANCH = "(?:master|main|trunk|develop|dev|HEAD|default|next|nightly|latest|tip)"
_MOVING = re.compile(
    rf"/(?:archive|tarball|zipball|tar\.gz|zip)/(?:refs/heads/|{_BRANCH}(?:[./?]|$))"
    rf"|/-/archive/{_BRANCH}/|[/-]{_BRANCH}\.(?:zip|tar\.\w+|tgz|tbz|txz)$|/get/{_BRANCH}\."
    r"|[/-]latest\.(?:zip|tar\.\w+|tgz|tbz|txz)$"
)
_CLIENTS = ("https:", "http:", "file:", "apt:", "pypi:", "npm:", "git+https:", "git+ssh:", "git+file:")


def _sources(subject: Subject) -> Iterator[SourceSection]:
    for source in (subject.url, *subject.extra_sources):
        if source is not None:
            yield source


@error("X10", "a source has a hash", "what cannot be checked is not built: xpkg refuses it")
def unhashed(subject: Subject) -> Iterator[Found]:
    for source in _sources(subject):
        place, address = source.addresses[0]
        if not source.hashes and not address.is_version_control:
            yield Found(place, f"{place.value[:80]} has no hash", 'add checksum: "sha256=..."')


@error("X11", "a source has a hash better than md5", "two archives with one md5 can be made at will: xpkg refuses it")
def weak_hash(subject: Subject) -> Iterator[Found]:
    for source in _sources(subject):
        if source.hashes and all(kind == "md5" for _, kind in source.hashes):
            yield Found(source.hashes[0][0], "md5 is the only hash", "add sha256 or sha512")


@error("X12", "a git source names a full commit", "branches and tags move: xpkg refuses them")
def moving_commit(subject: Subject) -> Iterator[Found]:
    for source in _sources(subject):
        for place, address in source.addresses:
            if address.backend == "git" and not _COMMIT.fullmatch(address.fragment or ""):
                ref = address.fragment
                named = f"names {ref[:80]!r}, no full commit" if ref else "names no commit"
                yield Found(place, f"the source {named}", "put the commit's 40 digits after '#'")


@error("X13", "xpkg can fetch the source", "it has clients for https, http, file, git+..., apt, pypi and npm")
def unknown_client(subject: Subject) -> Iterator[Found]:
    for source in _sources(subject):
        if not any(place.value.startswith(_CLIENTS) for place, _ in source.addresses):
            place, address = source.addresses[0]
            yield Found(place, f"there is no client for {address.backend} over {address.transport}")


@warning("X14", "the address is of a release", "the archive of a branch changes, and then its hash no longer holds")
def moving_archive(subject: Subject) -> Iterator[Found]:
    for source in _sources(subject):
        for place, address in source.addresses:
            if address.backend == "http" and _MOVING.search(address.path):
                yield Found(place, f"{place.value[:100]} changes with its branch", "name a tag or a commit")


CHECKS = (unhashed, weak_hash, moving_commit, unknown_client, moving_archive)
