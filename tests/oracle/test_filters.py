"""Filters, interpolation and arguments, generated and evaluated by the installed opam."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path

from tests.oracle.opam import Opam
from tests.oracle.probe import VALUES, built, substituted, written
from xpkg.repo.expressions import filter_of
from xpkg.repo.fields import Fields
from xpkg.repo.filters import Filter, is_true
from xpkg.repo.interpolate import interpolate, parse_variable
from xpkg.repo.opamfile.file import parse
from xpkg.repo.recipe_fields import commands_of
from xpkg.repo.recipes import commands
from xpkg.repo.substs import substituted as ours_of

FILTERS = 4000
TEXTS = 4000
_PLAIN = ("t", "f", "s", "st", "sf", "empty", "v", "w", "l", "l1", "l0", "nested", "u", "name", "version", "with-test")
_PACKAGES = (
    "p:installed",
    "p:version",
    "p:text",
    "p:yes",
    "p:no",
    "p:list",
    "p:enable",
    "p:u",
    "q:installed",
    "q:version",
    "q:enable",
    "u:installed",
    "u:enable",
    "_:name",
    "_:version",
    "_:u",
    "p+q:installed",
    "p+p:installed",
    "q+u:installed",
    "p+u:yes",
    "u+p:no",
    "p+p:enable",
    "p+q:enable",
)
_TEXTS = (
    "",
    "true",
    "false",
    "hello",
    "1.9",
    "1.10",
    "1.1.0",
    "0",
    "00",
    "a b",
    "50%%",
    "%%{s}%%",
    "~",
    "1-0",
    "-",
    "x%y",
)
_OPERATORS = ("=", "!=", "<", "<=", ">", ">=")


def _mention(dice: random.Random) -> str:
    name = dice.choice(_PLAIN + _PACKAGES)
    choice = dice.choice(("", "", "?yes:no", "?true:false", "?:b", "?a:", "?50%%:x"))
    return f"%{{{name}{choice}}}%"


def _text(dice: random.Random) -> str:
    return "".join(dice.choice((dice.choice(_TEXTS), _mention(dice))) for _ in range(dice.choice((1, 1, 1, 2, 3))))


def _atom(dice: random.Random) -> str:
    return dice.choice(
        (
            dice.choice(_PLAIN),
            dice.choice(_PLAIN),
            dice.choice(_PACKAGES),
            written(_text(dice)),
            dice.choice(("true", "false", "1", "10", "007")),
        )
    )


def _filter(dice: random.Random, depth: int) -> str:
    """With and without parentheses, so that precedence counts."""
    kind = dice.random()
    if depth == 0 or kind < 0.15:
        return _atom(dice)
    if kind < 0.35:
        return f"{_atom(dice)} {dice.choice(_OPERATORS)} {_atom(dice)}"
    if kind < 0.55:
        return dice.choice("!?") + _filter(dice, depth - 1)
    inside = f" {dice.choice('&|')} ".join(_filter(dice, depth - 1) for _ in range(dice.choice((1, 2, 2, 3))))
    return f"({inside})" if dice.random() < 0.6 else inside


def _read(text: str) -> Filter:
    file = parse(f"x: {text}", "generated")
    value = file.get("x")
    assert value is not None
    return filter_of(value, file)


def _asked(opam: Opam, filters: Sequence[str], place: Path) -> list[bool]:
    """Which of the filters are true in a command."""
    arguments = [f'"{number}" {{{text}}}' for number, text in enumerate(filters)]
    chunks = [arguments[start : start + 1000] for start in range(0, len(arguments), 1000)]
    true = {int(number) for command in built(opam, chunks, place) for number in command}
    return [number in true for number in range(len(filters))]


def test_generated_filters(opam: Opam, tmp_path: Path) -> None:
    """Each by itself, negated and asked whether it is defined: three answers tell its value but for texts."""
    dice = random.Random(3)
    filters = [text for _ in range(FILTERS) for one in [_filter(dice, 3)] for text in (one, f"!({one})", f"?({one})")]
    answers = _asked(opam, filters, tmp_path)
    wrong = [text for text, answer in zip(filters, answers, strict=True) if is_true(_read(text), VALUES.get) != answer]
    assert wrong == []
    assert 0.2 < sum(answers) / len(answers) < 0.8


def test_comparisons_of_all_pairs(opam: Opam, tmp_path: Path) -> None:
    """Every operator on every kind of operand."""
    operands = [*_PLAIN, "p:version", "p:installed", "q:version", "true", "false", "12"]
    operands += [written(text) for text in (*_TEXTS, "%{u}%", "%{nested}%", "%{t}%", "%{u?a:b}%", "é", "+")]
    filters = [f"{a} {operator} {b}" for a in operands for b in operands for operator in ("=", "<", ">=")]
    answers = _asked(opam, filters, tmp_path)
    wrong = [text for text, answer in zip(filters, answers, strict=True) if is_true(_read(text), VALUES.get) != answer]
    assert wrong == []


def _junk(dice: random.Random) -> str:
    return "".join(dice.choice(("%{", "}%", "%", "%%", "{", "}", "t", "s", "?", ":", "+", "\n", "-")) for _ in range(9))


def _usable(text: str, opam: Opam) -> bool:
    """opam stops at a mention of what can be no package; before 2.2 it knew no mention that begins with ``?``."""
    for mention in re.findall(r"%\{(.*)\}%", text, re.DOTALL):
        rest = re.split(r"\}%|%\{", mention)
        for one in (*rest, mention):
            if "?" in one and opam.version < (2, 2):
                return False
            packages = parse_variable(one).packages
            if not all(re.fullmatch(r"[ts][ts+-]*", name) for name in packages):
                return False
    return True


def test_interpolation(opam: Opam, tmp_path: Path) -> None:
    dice = random.Random(4)
    texts = [_text(dice) for _ in range(TEXTS)]
    texts += [text for _ in range(TEXTS) if _usable(text := _junk(dice), opam)]
    if opam.version >= (2, 2):
        texts += [f"%{{?gtk+:{name}:}}%" for name in ("installed", "version", "enable", "u")]
        texts += ["%{?p:text:}%", "%{?x:s}%", "%{?:s}%", "%{?:}%", "%{?p:u:x}%"]
    arguments = [written(text) for text in texts]
    (answers,) = built(opam, [arguments], tmp_path)
    wrong = [
        (text, answer, ours)
        for text, answer in zip(texts, answers, strict=True)
        if answer != (ours := interpolate(text, VALUES.get))
    ]
    assert wrong == []
    assert len(texts) > 5000


def test_arguments(opam: Opam, tmp_path: Path) -> None:
    """Variables as arguments, lists among them, with filters, in whole commands."""
    dice = random.Random(5)
    asked = []
    for number in range(300):
        arguments = [written(str(number))]
        for _ in range(dice.randrange(6)):
            argument = dice.choice((dice.choice(_PLAIN), dice.choice(_PACKAGES), written(_text(dice))))
            arguments.append(argument + dice.choice(("", "", f" {{{_filter(dice, 1)}}}", " {}")))
        asked.append(arguments)
    answers = built(opam, asked, tmp_path)
    file = parse("build: [\n" + "\n".join(f"[{' '.join(arguments)}]" for arguments in asked) + "\n]", "generated")
    ours = commands(commands_of(Fields(file), "build"), VALUES.get)
    assert ours == answers


_PIECES = ('"', '"""', "\\", '\\"', "\n", "\r\n", "#", "(*", "*)", "x", ": ", "[", "]", "%", "%%", "'", "name: ", "=")
_WITHOUT_PACKAGE = {
    name: value for name, value in VALUES.items() if "_:" not in name and name not in ("name", "version")
}
_WITHOUT_PACKAGE = {name: value for name, value in _WITHOUT_PACKAGE.items() if not name.startswith("with-")}


def _template(dice: random.Random) -> str:
    """Some are opam files, most are not."""
    mentions = [f"%{{{name}}}%" for name in ("s", "p:path", "p:list", "u", "l", "nested", "p:yes?a\\b:c", "t")]
    if dice.random() < 0.5:
        texts = ["".join(dice.choice((*mentions, "x", "\\\\", '\\"', "\n", "%%")) for _ in range(4)) for _ in range(3)]
        quotes = [dice.choice(('"', '"""')) for _ in texts]
        fields = [
            f"f{number}: {quote}{text}{quote}" for number, (quote, text) in enumerate(zip(quotes, texts, strict=True))
        ]
        return "\n".join([*fields, f"# {dice.choice(mentions)}"]) + dice.choice(("", "\n", "\n\n"))
    return "".join(dice.choice((*_PIECES, *mentions)) for _ in range(dice.randrange(12)))


def test_substituted_files(opam: Opam, tmp_path: Path) -> None:
    dice = random.Random(11)
    templates = [_template(dice) for _ in range(1500)]
    theirs = substituted(opam, templates, tmp_path)
    ours = [ours_of(template, _WITHOUT_PACKAGE.get) for template in templates]
    wrong = [(template, a, b) for template, a, b in zip(templates, ours, theirs, strict=True) if a != b]
    assert wrong == []
