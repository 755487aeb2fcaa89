"""References to the fixed prefixes: finding them in built files, and writing the real path in their place.

Text is rewritten freely.  Elsewhere the real path is padded with slashes to the length of the fixed
one: ``/opt/k//////bin/x`` names the same file and no byte moves, so strings keep their lengths.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from xpkg.core.errors import ConfigurationError, StoreError
from xpkg.core.values import value
from xpkg.sandbox.layout import FILE_MODE, PLACEHOLDERS, PREFIX_LENGTH, SOURCE_DATE_EPOCH, TARGET, TOOLS
from xpkg.sandbox.record import Entry

SHEBANG_LIMIT = 255
"""Longest first line of a script, in bytes without its newline (BINPRM_BUF_SIZE of Linux 5.1 and later)."""

Buffer = bytes | mmap.mmap

_FIXED = {name: text.encode() for name, text in PLACEHOLDERS.items()}
# One byte more than the readable part: what only mentions /xpkg/tools/bin is not a reference.
_STARTS = {name: fixed[: fixed.index(b"_") + 1] for name, fixed in _FIXED.items()}
_RUN = b"_" * 100
_LENGTH_BEFORE = re.compile(rb"[0-9]+:\Z")
_UNSAFE = re.compile(r"""[\s\x00-\x1f\x7f"'\\$`:;&|<>()*?#]""")
_FICLONE = 0x40049409  # <linux/fs.h>


@value(kw_only=True)
class Found:
    """What one file holds: offsets of the fixed prefixes, and why it cannot be relocated, if so."""

    tools: tuple[int, ...] = ()
    target: tuple[int, ...] = ()
    text: bool = False
    problems: tuple[str, ...] = ()


def examine(data: Buffer) -> Found:
    """Search the bytes of one file for references, whole, cut or hidden."""
    offsets: dict[str, tuple[int, ...]] = {}
    problems: list[str] = []
    for name, fixed in _FIXED.items():
        whole, cut = _occurrences(data, _STARTS[name], fixed)
        offsets[name] = whole
        problems += [f"it holds only a part of the fixed prefix, at byte {offset}" for offset in cut]
    problems += [f"it holds the fixed prefix in another spelling, at byte {at}" for at in _respelled(data)]
    from xpkg.sandbox.compressed import opened  # with bz2 and lzma: installing what is built needs neither

    packed = opened(data)
    if packed is not None and any(start in packed.content for start in _STARTS.values()):
        problems.append(f"it is compressed ({packed.format}) and holds a fixed prefix inside")
    found = (*offsets["tools"], *offsets["target"])
    if found and _long_shebang(data, min(found)):
        problems.append(f"its first line is longer than {SHEBANG_LIMIT} bytes, which Linux does not run")
    return Found(
        tools=offsets["tools"],
        target=offsets["target"],
        text=bool(found) and _is_text(data, found),
        problems=tuple(problems),
    )


def mentions(data: Buffer, paths: Mapping[str, bytes]) -> tuple[str, ...]:
    """The labels of those ``paths`` (such as the user's home) that the bytes name."""
    return tuple(label for label, path in paths.items() if data.find(path) >= 0)


def replacements(mapping: Mapping[str, str]) -> dict[str, bytes]:
    """From ``{TOOLS: real, TARGET: real}`` to the real prefixes by name; checks each."""
    result: dict[str, bytes] = {}
    for name, fixed in PLACEHOLDERS.items():
        real = mapping.get(fixed)
        if real is not None and real != fixed:
            check_prefix(real)
            result[name] = os.fsencode(real)
    unknown = set(mapping) - {TOOLS, TARGET}
    if unknown:
        raise ValueError(f"not fixed prefixes: {', '.join(sorted(unknown))}")
    return result


def check_prefix(real: str) -> None:
    """ConfigurationError ``prefix-too-long``, ``prefix-relative`` or ``prefix-characters``."""
    context = (("prefix", real),)
    hint = "choose another directory with --prefix, or another state directory with XPKG_ROOT"
    if not real.startswith("/") or os.path.normpath(real) != real or real.startswith("//") or real == "/":
        raise ConfigurationError(
            "a prefix is an absolute path without '.', '..', doubled or trailing slashes",
            reference="prefix-relative",
            context=context,
        )
    length = len(os.fsencode(real))
    if length > PREFIX_LENGTH:
        raise ConfigurationError(
            f"the prefix is {length} bytes long; the limit is {PREFIX_LENGTH}, "
            "because it takes the place of a path of that length inside programs",
            reference="prefix-too-long",
            context=context,
            hint=hint,
        )
    unsafe = _UNSAFE.search(real)
    if unsafe is not None or not real.isprintable():
        found = unsafe.group() if unsafe is not None else next(one for one in real if not one.isprintable())
        raise ConfigurationError(
            f"the prefix has the character {found!r}, which scripts and makefiles cannot take in a path",
            reference="prefix-characters",
            context=context,
            hint=hint,
        )


def rewrite(data: bytes, real: Mapping[str, bytes], *, text: bool) -> bytes:
    """The bytes with every fixed prefix named in ``real`` replaced; of the same length unless ``text``."""
    for name, path in real.items():
        data = data.replace(_FIXED[name], path if text else pad(path))
    return data


def pad(path: bytes) -> bytes:
    """The real prefix at the length of a fixed one."""
    if len(path) > PREFIX_LENGTH:
        raise ValueError("check_prefix was not called")
    return path.ljust(PREFIX_LENGTH, b"/")


def rewrite_link(link: str, real: Mapping[str, bytes]) -> str:
    """The destination of a symbolic link with the fixed prefix replaced."""
    return os.fsdecode(rewrite(os.fsencode(link), real, text=True))


def rewrite_file(source: str, destination: str, entry: Entry, real: Mapping[str, bytes]) -> None:
    """Make ``destination`` (absent) the rewritten copy of a stored file; never touches ``source``.

    OSError of the file system; StoreError ``store-damaged`` when the references are not where recorded.
    """
    descriptor = os.open(destination, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        if entry.text:
            with open(source, "rb") as stream:
                _write_all(descriptor, rewrite(stream.read(), real, text=True))
        else:
            _copy(source, descriptor)
            for name, offsets in (("tools", entry.tools), ("target", entry.target)):
                if name in real:
                    _patch(descriptor, source, name, offsets, pad(real[name]))
        os.fchmod(descriptor, entry.mode)
        os.utime(descriptor, (SOURCE_DATE_EPOCH, SOURCE_DATE_EPOCH))
    finally:
        os.close(descriptor)


def copy_file(source: str, destination: str, mode: int = FILE_MODE) -> None:
    """A copy with the fixed time stamp, sharing blocks where the file system can."""
    descriptor = os.open(destination, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        _copy(source, descriptor)
        os.fchmod(descriptor, mode)
        os.utime(descriptor, (SOURCE_DATE_EPOCH, SOURCE_DATE_EPOCH))
    finally:
        os.close(descriptor)


def _patch(descriptor: int, source: str, name: str, offsets: tuple[int, ...], padded: bytes) -> None:
    for offset in offsets:
        if os.pread(descriptor, PREFIX_LENGTH, offset) != _FIXED[name]:
            raise StoreError(
                f"a stored file is not as recorded: no reference at byte {offset}",
                reference="store-damaged",
                context=(("file", str(Path(source))),),
            )
        os.pwrite(descriptor, padded, offset)


def _copy(source: str, descriptor: int) -> None:
    """Copy inside the kernel, sharing blocks on file systems that can.

    For 160 MB on ext4 sendfile(2) took 0.08 s in a run in which copy_file_range(2) took 0.11 to
    0.5 s; other runs gave other orders.
    """
    with open(source, "rb") as stream:
        try:
            fcntl.ioctl(descriptor, _FICLONE, stream.fileno())
        except OSError:
            size, done = os.fstat(stream.fileno()).st_size, 0
            while done < size:
                sent = os.sendfile(descriptor, stream.fileno(), done, size - done)
                if sent == 0:
                    raise OSError(errno.EIO, "the file became shorter", source) from None
                done += sent


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _occurrences(data: Buffer, start: bytes, fixed: bytes) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Where the fixed prefix stands whole, and where only its beginning does."""
    whole: list[int] = []
    cut: list[int] = []
    at = data.find(start)
    while at >= 0:
        (whole if data[at : at + PREFIX_LENGTH] == fixed else cut).append(at)
        at = data.find(start, at + len(start))
    return tuple(whole), tuple(cut)


def _respelled(data: Buffer) -> Iterator[int]:
    r"""Long runs of underscores after a broken spelling of the fixed prefix, such as ``\/xpkg\/tools\/___``.

    Text only: in binaries it is the directory table of DWARF line numbers, ``/xpkg`` and ``tools/___``
    as two entries, which only a debugger reads.
    """
    at = data.find(_RUN)
    if at >= 0 and data.find(b"\0") >= 0:
        return
    while at >= 0:
        before = data[max(0, at - 32) : at]
        if b"xpkg" in before and not before.endswith((b"/xpkg/tools/", b"/xpkg/target/")):
            yield at
        end = at + len(_RUN)
        while data[end : end + 1] == b"_":
            end += 1
        at = data.find(_RUN, end)


def _is_text(data: Buffer, found: tuple[int, ...]) -> bool:
    """Whether a reference may change its length: valid UTF-8 without NUL, no archive, no length counted before it."""
    if data[:8] in (b"!<arch>\n", b"!<thin>\n") or data.find(b"\0") >= 0:
        return False
    if any(_LENGTH_BEFORE.search(data[max(0, offset - 8) : offset]) for offset in found):
        return False  # a canonical S-expression or a netstring: <length>:<bytes>
    try:
        data[:].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _long_shebang(data: Buffer, first: int) -> bool:
    if data[:2] != b"#!":
        return False
    end = data.find(b"\n")
    return first < (end if end >= 0 else len(data)) and (end if end >= 0 else len(data)) > SHEBANG_LIMIT
