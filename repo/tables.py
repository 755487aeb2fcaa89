"""Strict reading of TOML: a key nobody knows, or a value of another type, is refused with file and key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from xpkg.core.errors import InputFileError
from xpkg.core.files import disk_errors, read_regular
from xpkg.core.text import did_you_mean, printable

MAX_SIZE = 1 << 20
"""Bytes of a file."""


class Table:
    """A table whose keys are taken one by one; ``finish`` refuses what is left."""

    def __init__(self, values: Mapping[str, object], path: Path, place: str = "") -> None:
        self._left = dict(values)
        self._known: list[str] = []
        self.path = path
        self.place = place

    def error(self, key: str, problem: str, hint: str | None = None) -> InputFileError:
        """What to raise to refuse the value of ``key``."""
        name = f"{self.place}.{key}" if self.place else key
        return InputFileError(
            f"{printable(self.path.name)}: {printable(name)}: {problem}",
            reference="bad-key",
            context=(("file", printable(str(self.path))), ("key", printable(name))),
            hint=hint,
        )

    def left(self) -> tuple[str, ...]:
        """The keys not taken yet."""
        return tuple(self._left)

    def optional(self, key: str) -> str | None:
        """A text, or None when the key is absent; an empty text is refused."""
        self._known.append(key)
        value = self._left.pop(key, None)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.error(key, f"expected a text, found {_kind(value)}")
        if not value or "\0" in value:
            raise self.error(key, "expected a text that is not empty")
        return value

    def text(self, key: str) -> str:
        """A text that must be there."""
        value = self.optional(key)
        if value is None:
            raise self.error(key, "the key is missing")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """An array of texts; empty when the key is absent."""
        self._known.append(key)
        value = self._left.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(one, str) and "\0" not in one for one in value):
            raise self.error(key, "expected an array of texts")
        return tuple(value)

    def table(self, key: str) -> Table | None:
        """A table inside, or None."""
        self._known.append(key)
        value = self._left.pop(key, None)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.error(key, f"expected a table, found {_kind(value)}")
        return Table(value, self.path, f"{self.place}.{key}" if self.place else key)

    def finish(self) -> None:
        """Refuse keys that were not taken."""
        for key in self._left:
            known = ", ".join(sorted(self._known))
            raise self.error(key, "unknown key", hint=did_you_mean(key, self._known) or f"known keys: {known}")


def read_table(path: Path) -> Table:
    """The whole file; InputFileError with line and column when it is not TOML."""
    with disk_errors("read", path):
        return parse_table(read_regular(path, MAX_SIZE + 1), path)


def parse_table(data: bytes, path: Path) -> Table:
    """The content of a file that was read already; errors as of `read_table`."""
    import tomli

    context = (("file", printable(str(path))),)
    if len(data) > MAX_SIZE:
        raise InputFileError(f"{path.name}: larger than the {MAX_SIZE} bytes allowed", context=context)
    try:
        values = tomli.loads(data.decode())
    except UnicodeDecodeError as error:
        raise InputFileError(f"{path.name}: not UTF-8 at byte {error.start}", context=context) from error
    except tomli.TOMLDecodeError as error:
        raise InputFileError(
            f"{path.name}: {printable(str(error))}", reference="toml-syntax", context=context
        ) from error
    except RecursionError as error:
        raise InputFileError(f"{path.name}: nested too deeply", context=context) from error
    return Table(values, path)


def _kind(value: object) -> str:
    """A TOML type in words."""
    names = {bool: "a boolean", int: "a number", float: "a number", list: "an array", dict: "a table", str: "a text"}
    return names.get(type(value), "a date")
