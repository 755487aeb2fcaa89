"""opam's ``<name>.install`` files: which built files go where (opam manual, "<pkgname>.install").

Names in it come from strangers.  A source is inside the build tree whatever links there are; a
destination is inside the prefix and is never reached through a link (OSEC-2026-03, OSEC-2026-10).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from xpkg.core.errors import BuildError
from xpkg.core.text import printable
from xpkg.core.values import value
from xpkg.repo.opamfile.file import OpamFile, decode, parse
from xpkg.repo.opamfile.values import Field, List, Option, String, Value
from xpkg.repo.targets import Layout
from xpkg.sandbox.environment import Subject
from xpkg.sandbox.insidetree import OutsideTree, odd_kind, resolve, write_file

_MAN = re.compile(r".*\.([1-9])[^./]*(?:\.gz)?\Z")


@value(kw_only=True)
class Placed:
    """One file to install; paths are relative to the build tree and to the prefix."""

    source: str
    destination: str
    mode: int
    optional: bool


@value
class _Section:
    directory: str  # {lib}, {stublibs} and {name} are replaced
    mode: int


_SECTIONS = {
    "lib": _Section("{lib}/{name}", 0o644),
    "lib_root": _Section("{lib}", 0o644),
    "libexec": _Section("{lib}/{name}", 0o755),
    "libexec_root": _Section("{lib}", 0o755),
    "bin": _Section("bin", 0o755),
    "sbin": _Section("sbin", 0o755),
    "toplevel": _Section("{lib}/toplevel", 0o644),
    "share": _Section("share/{name}", 0o644),
    "share_root": _Section("share", 0o644),
    "etc": _Section("etc/{name}", 0o644),
    "doc": _Section("doc/{name}", 0o644),
    "stublibs": _Section("{stublibs}", 0o755),
    "man": _Section("man", 0o644),
}


def install_file(names: Iterable[str], build: Path, package: str) -> Path | None:
    """Of the names that the install file may have in ``build`` the first that is there; None when none is.

    BuildError ``bad-install-file`` when that is no file, or a link that leads to none: the package would count as
    installed with nothing in it.
    """
    for name in names:
        if not os.path.lexists(build / name):
            continue
        try:
            place = resolve(build, name)
        except OutsideTree as error:
            raise _refused(package, name, str(error)) from error
        kind = odd_kind(place)
        if kind is not None:
            raise _refused(package, name, f"it is {kind}, not a file")
        if not place.exists():
            raise _refused(package, name, f"it is a link to what is not there: {os.readlink(build / name)}")
        return build / name
    return None


def install_files(file: Path, build: Path, prefix: Path, subject: Subject) -> tuple[str, ...]:
    """Install what ``file`` (in ``build``) lists into ``prefix``; the installed paths.

    BuildError ``bad-install-file``, ``install-source-missing``; OpamSyntaxError.
    """
    name = subject.recipe.name
    try:
        place = resolve(build, os.path.relpath(file, build))
    except OutsideTree as error:
        raise _refused(name, file.name, str(error)) from error
    parsed = parse(decode(place.read_bytes()), file.name)
    sysroot = f"{subject.machine.findlib_name}-sysroot" if subject.cross else None
    return install(placements(parsed, name, subject.machine.layout, sysroot), build, prefix, name)


def placements(file: OpamFile, name: str, layout: Layout, sysroot: str | None = None) -> tuple[Placed, ...]:
    """What the install file of package ``name`` says, with the destinations resolved.

    dune puts a cross context's files below ``PREFIX/<toolchain>-sysroot``, from every section by way of ``..``.
    ``sysroot`` is that directory's name: what is in it goes to the same place of the prefix itself.
    """
    placed: list[Placed] = []
    for field in file.items:
        if field.name == "opam-version":
            continue
        section = _SECTIONS.get(field.name or "")
        if section is None or not isinstance(field, Field):
            raise file.error(_unknown(field.name), field)
        directory = section.directory.format(lib=layout.lib, stublibs=layout.stublibs, name=name)
        for item in field.value.items if isinstance(field.value, List) else (field.value,):
            placed.append(_placed(file, item, field.name, directory, section.mode, _Sysroot(sysroot, layout)))
    return tuple(placed)


def install(placed: tuple[Placed, ...], build: Path, prefix: Path, name: str) -> tuple[str, ...]:
    """Copy the files; all sources are looked at before the first one is copied.

    Of several with one destination the last that was built stays, as opam installs them one over the other.
    """
    found = {one.destination: (one, source) for one, source in _found(placed, build, name)}
    for one, source in found.values():
        try:
            write_file(prefix, one.destination, source, one.mode)
        except OutsideTree as error:
            raise _refused(name, one.destination, str(error)) from error
    return tuple(found)


def _found(placed: tuple[Placed, ...], build: Path, name: str) -> Iterator[tuple[Placed, Path]]:
    missing: list[str] = []
    for one in placed:
        try:
            source = resolve(build, one.source)
        except OutsideTree as error:
            raise _refused(name, one.source, str(error)) from error
        kind = odd_kind(source)
        if kind is not None:
            raise _refused(name, one.source, f"it is {kind}; an install file lists files")
        if source.is_file():
            yield one, source
        elif not one.optional:
            missing.append(one.source)
    if missing:
        raise BuildError(
            f"{name} did not build a file that it is to install: {printable(missing[0])}",
            reference="install-source-missing",
            context=tuple(("missing", printable(source)) for source in missing[:10]),
        )


@value
class _Sysroot:
    """Where dune's own directory of a cross context really is."""

    name: str | None
    layout: Layout

    def destination(self, wanted: str) -> str | None:
        """The path in the prefix of ``../../<name>/lib/...``; None for what is not in the directory."""
        match = re.fullmatch(r"(?:\.\./)+([^/]+)/([^/]+)/(.+)", wanted)
        if self.name is None or match is None or match[1] != self.name or ".." in match[3].split("/"):
            return None
        top, rest = match[2], match[3]
        if top == "lib":
            return f"{self.layout.stublibs if rest.startswith('stublibs/') else self.layout.lib}/" + rest.removeprefix(
                "stublibs/"
            )
        return f"{top}/{rest}"


def _placed(file: OpamFile, item: Value, section: str, directory: str, mode: int, sysroot: _Sysroot) -> Placed:
    named, options = (item.value, item.options) if isinstance(item, Option) else (item, ())
    words = [one.value for one in options if isinstance(one, String)]
    if not isinstance(named, String) or len(options) > 1 or len(words) != len(options):
        raise file.error('a file to install is "source" or "source" {"destination"}', item)
    source = named.value.removeprefix("?")
    if not source:
        raise file.error("the name of a file to install is empty", item)
    wanted = words[0] if words else None
    if wanted is None:
        wanted = PurePosixPath(source).name
        manual = _MAN.fullmatch(wanted) if section == "man" else None
        if manual is not None:
            wanted = f"man{manual.group(1)}/{wanted}"
    destination = sysroot.destination(wanted) or os.path.normpath(f"{directory}/{wanted}")
    outside = wanted.startswith("/") or destination.split("/")[0] in ("..", ".", "")
    if outside or wanted.rpartition("/")[2] in ("", ".", ".."):
        raise file.error(f"the destination {printable(wanted)} is not a file inside the prefix", item)
    if printable(destination, keep="") != destination:
        raise file.error("a destination has control characters", item)
    return Placed(source=source, destination=destination, mode=mode, optional=named.value.startswith("?"))


def _unknown(name: str | None) -> str:
    if name == "misc":
        return "the section misc installs outside the prefix, which xpkg never does"
    return f"unknown section {name} (known: {', '.join(_SECTIONS)})"


def _refused(name: str, item: str, rule: str) -> BuildError:
    return BuildError(
        f"the install file of {name} is refused: {printable(item)}: {rule}",
        reference="bad-install-file",
        context=(("package", name), ("item", printable(item)), ("rule", rule)),
    )
