"""The tables of a lock file, taken key by key; what is left over, or of another type, is refused with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from xpkg.core.errors import InputFileError
from xpkg.core.text import did_you_mean, printable

Check = Callable[[str], str | None]
"""Says what is wrong with a text, or None."""

C = TypeVar("C", bound=str)


class LockTable:
    """One table; ``place`` says which: ``instance fmt for native``, empty for the whole file."""

    def __init__(self, values: Mapping[str, object], path: Path, place: str = "") -> None:
        self._left = dict(values)
        self._known: list[str] = []
        self._path = path
        self._place = place

    @classmethod
    def parse(cls, data: bytes, path: Path) -> LockTable:
        """The whole file; InputFileError when it is not TOML."""
        import tomli

        context = (("file", printable(str(path))),)
        try:
            return cls(tomli.loads(data.decode()), path)
        except UnicodeDecodeError as error:
            raise InputFileError(f"the lock file is not UTF-8 at byte {error.start}", context=context) from error
        except tomli.TOMLDecodeError as error:
            raise InputFileError(
                f"the lock file is not TOML: {printable(str(error))}",
                reference="toml-syntax",
                context=context,
                hint="a merge may have left its marks; take one side and run: xpkg lock",
            ) from error
        except (RecursionError, ValueError) as error:  # a number of thousands of digits is a ValueError
            raise InputFileError("the lock file is not TOML that we can read", context=context) from error

    @property
    def context(self) -> tuple[tuple[str, str], ...]:
        return (("file", printable(str(self._path))),)

    def called(self, name: str) -> None:
        """Name the table in messages from now on."""
        self._place = f"{self._place.split(' ')[0]} {name}"

    def wrong(self, problem: str, hint: str | None = None) -> InputFileError:
        """What to raise to refuse the table."""
        about = f"{self._place}: " if self._place else ""
        return InputFileError(
            f"the lock file is wrong: {printable(about + problem)}",
            reference="bad-lock",
            context=self.context,
            hint=hint,
        )

    def error(self, key: str, problem: str) -> InputFileError:
        """What to raise to refuse the value of a key."""
        return self.wrong(f"{key}: {problem}")

    def finish(self) -> None:
        """Refuse keys that were not taken."""
        for key in self._left:
            raise self.wrong(f"unknown key {key[:80]}", hint=did_you_mean(key, self._known))

    def _take(self, key: str) -> object:
        self._known.append(key)
        return self._left.pop(key, None)

    def text(self, key: str, check: Check | None = None) -> str:
        """A text that must be there and not be empty."""
        value = self._take(key)
        if not isinstance(value, str) or not value:
            raise self.error(key, "the key is missing" if value is None else "expected a text that is not empty")
        problem = None if check is None else check(value)
        if problem is not None:
            raise self.error(key, f"{value[:80]!r}: {problem}")
        return value

    def optional(self, key: str) -> str:
        """A text; empty when the key is absent."""
        return self.text(key) if key in self._left else ""

    def choice(self, key: str, among: tuple[C, ...]) -> C:
        value = self.text(key)
        for one in among:
            if one == value:
                return one
        raise self.error(key, f"{value[:80]!r}: expected one of {', '.join(among)}")

    def texts(self, key: str, check: Check | None = None) -> tuple[str, ...]:
        """An array of texts; empty when the key is absent."""
        value = self._take(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            raise self.error(key, "expected an array of texts")
        for one in value:
            problem = None if check is None else check(one)
            if problem is not None:
                raise self.error(key, f"{one[:80]!r}: {problem}")
        return tuple(value)

    def number(self, key: str) -> int:
        value = self._take(key)
        if type(value) is not int or not 0 <= value < 1 << 31:
            raise self.error(key, "the key is missing" if value is None else "expected a small number")
        return value

    def flag(self, key: str) -> bool:
        """True or false; false when the key is absent."""
        value = self._take(key)
        if value is not None and not isinstance(value, bool):
            raise self.error(key, "expected true or false")
        return bool(value)

    def table(self, key: str) -> LockTable:
        """A table that must be there."""
        value = self._take(key)
        if not isinstance(value, dict):
            raise self.error(key, "the table is missing" if value is None else "expected a table")
        return LockTable(value, self._path, key)

    def tables(self, key: str) -> Iterator[LockTable]:
        """The tables of an array; none when the key is absent."""
        value = self._take(key)
        if value is None:
            return
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self.error(key, f"expected [[{key}]] tables")
        for number, one in enumerate(value, start=1):
            name = one.get("name")
            yield LockTable(one, self._path, f"{key} {name[:80] if isinstance(name, str) else number}")
