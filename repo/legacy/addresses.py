"""Addresses as opam 1.x wrote them, with the version control system in the scheme (``OpamUrl``)."""

from __future__ import annotations

import re

_URL = re.compile(
    r"(?:(?:(?P<system>[^+:/]*)\+)?(?P<transport>[^:]*?)://)?(?P<path>[^#]*)(?:#(?P<hash>.*))?", re.DOTALL
)
_SSH = re.compile(r"([^/:]{2,}):/?(?:(\D.*|\d*[^\d/].*)|\d*)?", re.DOTALL)
_SYSTEMS = ("git", "hg", "darcs")
BACKENDS = {"archive": "http", "http": "http", "git": "git", "hg": "hg", "darcs": "darcs", "local": "rsync"}
"""The fields of a source in opam 1.x, each with what fetches it."""


def modern(address: str, backend: str | None = None) -> str:
    """The address as 2.0 writes it.  Without ``backend``, a suffix such as ``.git`` says what fetches it.

    ``git@host:path.git`` becomes ``git+ssh://git@host/path.git``; what has its scheme already stays.
    """
    match = _URL.fullmatch(address)
    if match is None:
        return address
    system, transport, path = match["system"], match["transport"], match["path"]
    fragment = f"#{match['hash']}" if match["hash"] is not None else ""
    if backend is None:
        backend = _backend(system, transport, path)
    ssh = _SSH.fullmatch(path)
    if backend == "http":
        return f"{transport or 'http'}://{path}{fragment}"
    if ssh and (transport is None or transport in _SYSTEMS):
        transport, path = "ssh", f"{ssh[1]}/{ssh[2] or ''}"
    if backend in _SYSTEMS:
        scheme = backend if transport == backend else f"{backend}+{transport or 'file'}"
        return f"{scheme}://{path}{fragment}"
    return f"{transport or 'file'}://{path}{fragment}"


def _backend(system: str | None, transport: str | None, path: str) -> str:
    if system:
        return system
    if transport in _SYSTEMS:
        return str(transport)
    suffix = path.rpartition(".")[2]
    user = path.partition("@")[0]
    for word in (suffix,) if "." in path and "/" not in suffix else (user,):
        if word in _SYSTEMS:
            return word
    return "http" if transport in ("http", "https", "ftp", "wget", "curl") else "rsync"
