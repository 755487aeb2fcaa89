"""The format of opam's behaviour tests: commands with what they print, and files to write (tests/reftests/readme.md
and run.ml of opam's source)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PROMPT = "### "
SELF_CONTAINED = "N0REP0"

_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|[^"\' ](?:[^\\ ]|\\.)*')
_BINDING = re.compile(rf"([A-Za-z][\w-]*)(\+=|=\+|=)({_WORD.pattern}) *")
_PACKAGE = re.compile(r"<pkg:([A-Za-z][\w+-]*)\.([\w.+~-]+)(?::([\w.+~-]+))?>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A line after the prompt, and the lines up to the next."""

    number: int
    line: str
    rest: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One test: the commit of the public repository that it needs, or SELF_CONTAINED, and its blocks."""

    name: str
    repository: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageFile:
    """``<pkg:NAME.VERSION>`` or ``<pkg:NAME.VERSION:FILE>``."""

    name: str
    version: str
    file: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainFile:
    """``<PATH>``, or ``<pin:PATH>``, whose recipe gets the fields that lint wants."""

    path: str
    completed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Variables for the commands that follow: name, operator, value."""

    bindings: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """What happens to each line printed: replaced, kept when it matches (``keep``) or dropped when it does."""

    pattern: str
    replacement: str | None = None
    keep: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A command; ``words`` without the environment and the rewriting, ``output`` the variable that takes the output."""

    words: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    rewrites: tuple[Rewrite, ...] = ()
    sort: bool = False
    unordered: bool = False
    output: str | None = None


Command = PackageFile | PlainFile | Export | Run | None


def read_script(path: Path) -> Script:
    lines = path.read_text("utf-8", "surrogateescape").split("\n")
    blocks: list[Block] = []
    rest: list[str] = []
    for number, line in enumerate(lines[1:], start=2):
        if line.startswith(PROMPT):
            rest = []
            blocks.append(Block(number=number, line=line.removeprefix(PROMPT), rest=()))
        elif blocks and (line or number < len(lines)):
            rest.append(line)
            blocks[-1] = Block(number=blocks[-1].number, line=blocks[-1].line, rest=tuple(rest))
    return Script(name=path.name.removesuffix(".test"), repository=lines[0].split()[0], blocks=tuple(blocks))


def parse_command(line: str, variables: Mapping[str, str]) -> Command:
    """What a line asks for; None for a remark."""
    if line.startswith("<") and line.endswith(">"):
        package = _PACKAGE.fullmatch(line)
        if package is not None:
            return PackageFile(name=package[1], version=package[2], file=package[3])
        path = line[1:-1]
        return PlainFile(path=path.removeprefix("pin:"), completed=path.startswith("pin:"))
    if line.startswith((":", "#")) or not line.strip():
        return None
    bindings, position = _bindings(line)
    words = [match[0] for match in _WORD.finditer(line, position)]
    if not words:
        return Export(bindings=tuple(bindings))
    return _run(words, [(name, expand(value, variables)) for name, _, value in bindings], variables)


def _bindings(line: str) -> tuple[list[tuple[str, str, str]], int]:
    found = []
    position = 0
    while (match := _BINDING.match(line, position)) is not None:
        found.append((match[1], match[2], _plain(match[3])))
        position = match.end()
    return found, position


def _plain(word: str) -> str:
    if word.startswith("'"):
        return word[1:-1]
    if word.startswith('"'):
        word = word[1:-1]
    return re.sub(r"\\(.)", r"\1", word)


def expand(text: str, variables: Mapping[str, str]) -> str:
    """The text with ``$NAME`` and ``${NAME}`` replaced; unknown ones stay."""
    return re.sub(r"\$\{(\w+)\}|\$(\w+)\b", lambda match: variables.get(match[1] or match[2], match[0]), text)


def _run(words: Sequence[str], environment: list[tuple[str, str]], variables: Mapping[str, str]) -> Run:
    end = next((place for place, word in enumerate(words) if word in ("|", ">$")), len(words))
    plain = tuple(word[1:-1] if word.startswith("'") else _plain(expand(word, variables)) for word in words[:end])
    rewriting = _Rewriting()
    rewriting.read(iter([_plain(word) for word in words[end:]]))
    return Run(
        words=plain,
        environment=tuple(environment),
        rewrites=tuple(rewriting.rewrites),
        sort=rewriting.sort,
        unordered=rewriting.unordered,
        output=rewriting.output,
    )


@dataclass(slots=True)
class _Rewriting:
    """What follows a command after ``|`` and ``>$``."""

    rewrites: list[Rewrite] = field(default_factory=list)
    sort: bool = False
    unordered: bool = False
    output: str | None = None

    def read(self, words: Iterator[str]) -> None:
        for word in words:
            if word == ">$":
                self.output = next(words)
            elif word == "|":
                self._one(next(words), words)

    def _one(self, first: str, words: Iterator[str]) -> None:
        match first:
            case "grep":
                pattern = next(words)
                keep = pattern != "-v"
                self.rewrites.append(Rewrite(pattern=pattern if keep else next(words), keep=keep))
            case "sort":
                self.sort = True
            case "unordered":
                self.unordered = True
            case "sed-cmd":
                command = next(words)
                self.rewrites.append(Rewrite(pattern=rf'"?(?:/[^/"\' ]+)+/{command}"? +', replacement=f"{command} "))
            case _:
                next(words)  # "->"
                self.rewrites.append(Rewrite(pattern=first, replacement=next(words)))


def rewrite(lines: Sequence[str], run: Run) -> list[str]:
    """What is shown of these lines."""
    shown = []
    for line in sorted(lines) if run.sort else lines:
        text: str | None = line
        for one in run.rewrites:
            text = None if text is None else _rewritten(text, one)
        if text is not None and text != r"\c":
            shown.append(text)
    return shown


def _rewritten(text: str, one: Rewrite) -> str | None:
    if one.replacement is None:
        return text if (re.search(one.pattern, text) is not None) == one.keep else None
    replacement = one.replacement
    return re.sub(one.pattern, lambda _: replacement, text)
