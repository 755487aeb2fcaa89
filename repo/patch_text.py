"""Unified and git patches as values, parsed before any tool sees them.

Rules: CVE-2015-1196, CVE-2015-1395, CVE-2015-1396 and CVE-2019-13636 (paths and links),
CVE-2018-1000156 and CVE-2019-13638 (ed scripts).  What is printed again from these values is all
that GNU patch gets, so the two cannot disagree on what a patch says.
Grammar: "Detailed Description of Unified Format" (GNU diffutils manual); git-diff(1), "Generating patch text".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from xpkg.core.errors import InputFileError
from xpkg.core.text import printable

NOTHING = "/dev/null"
_HUNK = re.compile(rb"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")
_QUOTED = re.compile(r"\\([0-7]{3}|.)")
_SIMPLE_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "a": "\a", "b": "\b", "r": "\r", "f": "\f", "v": "\v"}
_OTHER_FORMATS = {
    re.compile(rb"GIT binary patch$"): "binary patches are not accepted",
    re.compile(rb"Binary files .* differ$"): "binary patches are not accepted",
    re.compile(rb"\*{15}"): "context diffs are not accepted, only unified ones",
    re.compile(rb"\d+(,\d+)?[acd]$"): "ed scripts are not accepted, only unified patches",
}
_GIT_MODES = {b"new file mode ", b"old mode ", b"new mode ", b"deleted file mode "}


class PatchError(InputFileError):
    """A patch breaks a rule or does not fit; ``reference`` names which."""

    reference = "bad-patch"


@dataclass(slots=True)
class FilePatch:
    """The changes of one file: stripped relative paths, or None where there is no file before or after."""

    old: str | None = None
    new: str | None = None
    renamed: str = ""  # "rename" or "copy" when git says so
    mode: str = ""  # "100644" or "100755" when the patch sets it
    created: bool | None = None  # git's word on a file made (True) or removed (False)
    hunks: list[bytes] = field(default_factory=list)
    line: int = 0

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(path for path in (self.old, self.new) if path is not None))


def parse_patch(data: bytes, name: str, strip: int = 1) -> list[FilePatch]:
    """The file changes of a patch, with ``strip`` leading directories taken off; PatchError if any rule is broken."""
    return _Parser(data, name, strip).parse()


class _Parser:
    def __init__(self, data: bytes, name: str, strip: int) -> None:
        self._lines = _split(data)
        self._name, self._strip = name, strip
        self._at = 0
        self._files: list[FilePatch] = []
        self._git: FilePatch | None = None

    def parse(self) -> list[FilePatch]:
        while self._at < len(self._lines):
            line = self._lines[self._at].rstrip(b"\r\n")
            if line.startswith(b"diff --git "):
                self._finish_git()
                self._git = FilePatch(line=self._at + 1)
            elif self._git is not None and self._git_header(line):
                pass
            elif line.startswith(b"--- ") and self._following().startswith(b"+++ "):
                self._unified(line)
                continue
            elif line.startswith(b"@@ -"):
                raise self._error("a hunk has no file names before it")
            else:
                self._check_format(line)
            self._at += 1
        self._finish_git()
        if not self._files:
            raise self._error("this is no unified patch: it changes nothing", line=False)
        return self._files

    def _following(self) -> bytes:
        return self._lines[self._at + 1] if self._at + 1 < len(self._lines) else b""

    def _check_format(self, line: bytes) -> None:
        for pattern, reason in _OTHER_FORMATS.items():
            if pattern.match(line):
                raise self._error(reason)

    def _git_header(self, line: bytes) -> bool:
        """Take an extended header line of git; whether it was one."""
        file = self._git
        assert file is not None
        for start in _GIT_MODES:
            if line.startswith(start):
                self._mode(file, start, line[len(start) :].strip().decode("ascii", "replace"))
                return True
        for word in (b"rename", b"copy"):
            if line.startswith(word + b" from "):
                file.renamed, file.old = word.decode(), self._path(line[len(word) + 6 :], 0)
                return True
            if line.startswith(word + b" to "):
                file.new = self._path(line[len(word) + 4 :], 0)
                self._keep(file)
                return True
        return False

    def _mode(self, file: FilePatch, start: bytes, mode: str) -> None:
        if mode not in ("100644", "100755"):
            raise self._error("only plain files can be patched, no symbolic links or submodules")
        if start == b"new mode ":
            file.mode = mode
            self._names_of_git_line(file)
            self._keep(file)
        elif start in (b"new file mode ", b"deleted file mode "):
            file.created, file.mode = start == b"new file mode ", mode

    def _finish_git(self) -> None:
        """An empty file made or removed has no hunks, only its mode line."""
        file, self._git = self._git, None
        if file is None or file.created is None:
            return
        self._names_of_git_line(file)
        file.old, file.new = (None, file.new) if file.created else (file.old, None)
        self._keep(file)

    def _names_of_git_line(self, file: FilePatch) -> None:
        """A pure mode change has its name only on the ``diff --git`` line, twice and equal."""
        text = self._lines[file.line - 1].rstrip(b"\r\n")[len(b"diff --git ") :]
        half = (len(text) - 1) // 2
        old, new = self._path(text[:half]), self._path(text[half + 1 :])
        if old != new and not file.renamed:
            raise self._error("the two names of a mode change differ")
        file.old, file.new = file.old or old, file.new or new

    def _keep(self, file: FilePatch) -> None:
        if not any(file is other for other in self._files):
            self._files.append(file)

    def _unified(self, line: bytes) -> None:
        file = self._git or FilePatch(line=self._at + 1)
        self._git = None
        old = self._path(_before_tab(line[4:]))
        new = self._path(_before_tab(self._following().rstrip(b"\r\n")[4:]))
        if file.renamed and (old, new) != (file.old, file.new):
            raise self._error("the names of a rename differ from those of its hunks")
        if old is None and new is None:
            raise self._error("a change is from nothing to nothing")
        file.old, file.new = old, new
        self._at += 2
        if not self._here(b"@@ -"):
            raise self._error("a file header has no hunk after it")
        while self._here(b"@@ -"):
            file.hunks += self._hunk()
        self._keep(file)

    def _hunk(self) -> list[bytes]:
        """One hunk by the counts of its header, so that a line like ``--- x`` inside stays inside.

        A hunk of context alone gives nothing: GNU patch would call it malformed.
        """
        match = _HUNK.match(self._lines[self._at])
        if match is None:
            raise self._error("a hunk header is malformed")
        old, new = (int(match[index]) if match[index] is not None else 1 for index in (2, 4))
        start = self._at
        self._at += 1
        while old > 0 or new > 0 or self._here(b"\\"):
            line = self._lines[self._at] if self._at < len(self._lines) else b""
            kind = line[:1]
            if kind not in (b" ", b"-", b"+", b"\\", b"\n", b"\r"):
                raise self._error("a hunk is shorter than its header says")
            old -= kind in (b" ", b"-", b"\n", b"\r")
            new -= kind in (b" ", b"+", b"\n", b"\r")
            self._at += 1
        if old or new:
            raise self._error("a hunk is longer than its header says")
        body = [b" " + line if line[:1] in (b"\n", b"\r") else line for line in self._lines[start + 1 : self._at]]
        if not any(line.startswith((b"-", b"+")) for line in body):
            return []
        text = match[0] + b"\n" + b"".join(body)
        return [text if text.endswith(b"\n") else text + b"\n"]

    def _here(self, start: bytes) -> bool:
        return self._at < len(self._lines) and self._lines[self._at].startswith(start)

    def _path(self, raw: bytes, strip: int | None = None) -> str | None:
        """A safe relative path with leading directories stripped, or None for /dev/null."""
        text = raw.strip(b"\r\n").decode("utf-8", "surrogateescape")
        if text.startswith('"'):
            text = self._unquoted(text)
        if text == NOTHING:
            return None
        parts = text.split("/")
        bad = text.startswith("/") or ".." in text.replace("\\", "/").split("/")
        if bad or any(ord(character) < 32 or character == "\x7f" for character in text):
            raise self._error(f"a path is absolute, has '..' or control characters: {text!r}")
        stripped = [part for part in parts[self._strip if strip is None else strip :] if part not in ("", ".")]
        if not stripped:
            raise self._error(f"a path has fewer directories than are to be stripped: {text!r}")
        return "/".join(stripped)

    def _unquoted(self, text: str) -> str:
        """Git's C-style quoting of odd names."""
        if len(text) < 2 or not text.endswith('"'):
            raise self._error("a quoted path does not end")
        out = bytearray()
        position = 0
        inner = text[1:-1]
        for match in _QUOTED.finditer(inner):
            out += inner[position : match.start()].encode("utf-8", "surrogateescape")
            escape = match[1]
            if len(escape) == 3:
                out.append(int(escape, 8) & 0xFF)
            elif escape in _SIMPLE_ESCAPES:
                out += _SIMPLE_ESCAPES[escape].encode()
            else:
                raise self._error("a quoted path has an unknown escape")
            position = match.end()
        out += inner[position:].encode("utf-8", "surrogateescape")
        return out.decode("utf-8", "surrogateescape")

    def _error(self, message: str, *, line: bool = True) -> PatchError:
        number = min(self._at, len(self._lines) - 1)
        context: tuple[tuple[str, str], ...] = (("patch", self._name),)
        if line and number >= 0:
            text = self._lines[number].rstrip(b"\r\n").decode("utf-8", "replace")
            context += (("line", f"{number + 1}: {printable(text[:120], keep='')}"),)
        return PatchError(message, context=context)


def _split(data: bytes) -> list[bytes]:
    """Lines that end at newlines only: a lone carriage return belongs to its line."""
    return [line + b"\n" for line in data.split(b"\n")[:-1]] + [tail for tail in data.split(b"\n")[-1:] if tail]


def _before_tab(name: bytes) -> bytes:
    """A name without diff's time stamp; git ends names that hold spaces with a tab for this."""
    return name.split(b"\t", 1)[0].rstrip(b" ")
