"""Addresses as opam reads them (``OpamUrl.parse``): which program fetches, by which protocol, from where."""

from __future__ import annotations

import posixpath
import re
from typing import NamedTuple

_VERSION_CONTROL = ("git", "hg", "darcs")
_PROTOCOLS = dict.fromkeys(("http", "https", "ftp", "wget", "curl"), "http") | dict.fromkeys(
    ("file", "path", "local", "rsync", "ssh", "scp", "sftp"), "rsync"
)
_REGISTRIES = ("apt", "pypi", "npm")
_ARCHIVES = (".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tar.lzma", ".tlz")
_SCHEME = re.compile(r"(?:([^+:/]*)\+)?([^:/]*)://")
_SUFFIX = re.compile(r"\.([^\\/.#]+)\Z")
# A colon before any slash, as git takes it; one letter before it is a drive of Windows.
_SSH = re.compile(r"([^/:]{2,}):/?(?!\d+(?:/|\Z))(.*)", re.DOTALL)


class Address(NamedTuple):
    """``backend`` is http, rsync, git, hg or darcs; ``registry`` is set for xpkg's own forms (``apt:...``)."""

    backend: str
    transport: str
    path: str
    fragment: str | None
    registry: str | None = None

    @property
    def is_version_control(self) -> bool:
        return self.backend in _VERSION_CONTROL

    @property
    def is_archive(self) -> bool:
        """Whether the path ends as an archive's does (``OpamSystem.is_archive_from_string``)."""
        return self.path.endswith(_ARCHIVES) or self.path.endswith("zip")

    def __str__(self) -> str:
        fragment = "" if self.fragment is None else f"#{self.fragment}"
        control = self.is_version_control and self.transport != self.backend
        scheme = f"{self.backend}+{self.transport}" if control else self.transport
        return f"{scheme}://{self.path}{fragment}"


def read_address(text: str, *, guess: bool = False, backend: str | None = None) -> Address:
    """Read an address; ValueError for a protocol that opam does not have.

    ``guess`` takes a suffix ``.git`` or a user ``git@`` for version control, as opam does on its command line.
    """
    location, mark, fragment = text.partition("#")
    scheme = _SCHEME.match(location)
    control, transport = (scheme[1], scheme[2]) if scheme else (None, None)
    path = location[scheme.end() :] if scheme else location
    if backend is None:
        backend = _backend(control, transport, path, guess)
    registry = path.partition(":")[0] if scheme is None else None
    transport, path = _located(backend, transport, path)
    return Address(backend, transport, path, fragment if mark else None, registry if registry in _REGISTRIES else None)


def _backend(control: str | None, transport: str | None, path: str, guess: bool) -> str:
    if control:
        if control not in _VERSION_CONTROL:
            raise ValueError(f"there is no version control system {control}")
        return control
    if transport in _VERSION_CONTROL:
        return transport
    if transport is not None and transport not in _PROTOCOLS:
        raise ValueError(f"there is no protocol {transport}")
    default = "rsync" if transport is None else _PROTOCOLS[transport]
    if not guess:
        return default
    suffix = _SUFFIX.search(path)
    word = suffix[1] if suffix else path.partition("@")[0] if "@" in path else ""
    return word if word in _VERSION_CONTROL else default


def _located(backend: str, transport: str | None, path: str) -> tuple[str, str]:
    """The protocol and the path, where the text names no protocol."""
    if backend == "http" and transport is None:
        return "http", path
    if transport in (None, *_VERSION_CONTROL) and (ssh := _SSH.fullmatch(path)):
        return "ssh", f"{ssh[1]}/{ssh[2]}" if ssh[2] else ssh[1]
    if transport in (None, "hg", "darcs"):
        # opam takes these from the directory it runs in.
        return "file", path if path.startswith("/") else posixpath.normpath(f"/{path}")
    return transport, path
