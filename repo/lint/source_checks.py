"""opam's checks of sources, files and system packages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from xpkg.core.digests import Digest, of_bytes
from xpkg.repo.lint.addresses import read_address
from xpkg.repo.lint.findings import Found, error, warning
from xpkg.repo.lint.subject import SourceSection, Subject
from xpkg.repo.lint.walk import strings
from xpkg.repo.opamfile.values import Group, Ident, List, Logical, Option, Prefix, Relation, String, Value
from xpkg.repo.version_order import compare

_LOCAL = ("file", "path", "local", "rsync")


@warning("49", "version control is named", "git+https://... is cloned, https://... is downloaded as one file")
def hidden_control(subject: Subject) -> Iterator[Found]:
    for place, address in subject.all_addresses():
        guessed = read_address(str(address), guess=True)
        if guessed.backend != address.backend:
            yield Found(place, f"{place.value[:80]} looks like {guessed.backend}", f"write {guessed}")


@error("53", "extra-files lists what is in files/", "opam refuses the package")
def extra_files(subject: Subject) -> Iterator[Found]:
    listed = list(subject.extra_files())
    if "extra-files" not in subject.fields:
        return
    for name, digest in listed:
        if name.value not in subject.files:
            yield Found(name, f"files/{name.value} is missing")
        elif not _holds(subject, name.value, digest.value):
            yield Found(digest, f"files/{name.value} has another checksum")
    for file in sorted(set(subject.files) - {name.value for name, _ in listed}):
        yield Found(subject.fields["extra-files"], f"files/{file} is not listed")


def _holds(subject: Subject, name: str, checksum: str) -> bool:
    digest = Digest.parse(checksum if "=" in checksum else f"md5={checksum}")
    return of_bytes(subject.files[name](), digest.algorithm) == digest


@warning("54", "system packages have plain names", "what is between spaces would be one name")
def system_package_names(subject: Subject) -> Iterator[Found]:
    for value in subject.elements("depexts", 2):
        inner = value.value if isinstance(value, Option) else value
        # Of opam 1's pairs the first says where, the second which packages.
        parts = inner.items if isinstance(inner, List) else ()
        pairs = len(parts) == 2 and all(isinstance(part, List) for part in parts)
        for one in strings(parts[1] if pairs else inner):
            if not one.value or " " in one.value:
                yield Found(one, f"{one.value[:80]!r} is no name of a system package")


@warning("59", "an archive has a checksum", "nobody can tell whether it is still the same")
def no_checksum(subject: Subject) -> Iterator[Found]:
    if _is_archive(subject) and subject.url is not None and not subject.url.hashes:
        yield Found(subject.url.place, "the source has no checksum")


def _is_archive(subject: Subject) -> bool:
    if subject.url is None or "conf" in subject.flags:
        return False
    address = subject.url.addresses[0][1]
    return not address.is_version_control and address.is_archive


@error("63", "subpath is for opam 2.1 and later", "opam 2.0 would build in the wrong directory")
def subpath(subject: Subject) -> Iterator[Found]:
    place = subject.file.get("x-subpath")
    if place is None or subject.url is None:
        return
    value = subject.fields.get("available")
    if value is None or not all(map(_excludes_old, value.items if isinstance(value, List) else (value,))):
        yield Found(place, "opam before 2.1 ignores x-subpath", 'write available: opam-version >= "2.1"')


def _excludes_old(value: Value) -> bool:
    """Whether a filter is false for every opam before 2.1."""
    match value:
        case Relation(left=Ident(name="opam-version"), right=String() as version):
            return value.operator in ("=", ">=", ">") and compare(version.value, "2.1") >= 0
        case Logical():
            parts = map(_excludes_old, value.items)
            return any(parts) if value.operator == "&" else all(parts)
        case Group():
            return all(map(_excludes_old, value.items))
        case Prefix(operator="!"):
            return not _excludes_old(value.value)
    return False


@error("65", "paths of local sources are absolute", "a recipe does not know where it will be read")
def relative_path(subject: Subject) -> Iterator[Found]:
    for place, address in subject.all_addresses():
        local = address.backend != "http" and address.transport in _LOCAL
        if local and (not address.path.startswith("/") or ".." in address.path.split("/")):
            yield Found(place, f"{address.path[:80]!r} is not absolute")


@error("67", "what is under version control has no checksum", "a checkout is no file; a commit says which it is")
def control_checksum(subject: Subject) -> Iterator[Found]:
    if subject.url is not None and subject.url.hashes:
        place, address = subject.url.addresses[0]
        if address.is_version_control and not address.is_archive:
            yield Found(subject.url.hashes[0][0], f"{place.value[:80]} is no archive", "put the commit after '#'")


@error("70", "extra-files names a file once", "one of the entries is wrong")
def file_twice(subject: Subject) -> Iterator[Found]:
    yield from _twice(name for name, _ in subject.extra_files())


def _twice(names: Iterable[String]) -> Iterator[Found]:
    seen: set[str] = set()
    for name in names:
        if name.value in seen:
            yield Found(name, f"{name.value[:80]!r} is there twice")
        seen.add(name.value)


def _same_kind(source: SourceSection) -> Iterator[Found]:
    counted = Counter(kind for _, kind in source.hashes)
    for place, kind in source.hashes:
        if counted[kind] > 1:
            yield Found(place, f"there are {counted[kind]} checksums of the kind {kind}")


@error("71", "a source has one checksum of a kind", "all must hold: two cannot")
def checksum_twice(subject: Subject) -> Iterator[Found]:
    if subject.url is not None:
        yield from _same_kind(subject.url)


@error("72", "an extra source has one checksum of a kind", "all must hold: two cannot")
def extra_checksum_twice(subject: Subject) -> Iterator[Found]:
    for source in subject.extra_sources:
        yield from _same_kind(source)


@error("73", "extra-files stays in files/", "the path would leave the directory")
def escaping_file(subject: Subject) -> Iterator[Found]:
    for name, _ in subject.extra_files():
        if ".." in name.value.split("/"):
            yield Found(name, f"{name.value[:80]!r} leaves files/")


CHECKS = (
    hidden_control,
    extra_files,
    system_package_names,
    no_checksum,
    subpath,
    relative_path,
    control_checksum,
    file_twice,
    checksum_twice,
    extra_checksum_twice,
    escaping_file,
)
