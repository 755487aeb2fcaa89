"""What reaches the terminal, and what programs read."""

from __future__ import annotations

import json

import pytest

from xpkg.cli.printer import Printer
from xpkg.core.errors import ExitCode, NotFoundError

HOSTILE = "a\x1b]0;owned\x07b\u202ec\rd\x9be"


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    return captured.out + captured.err


def test_nothing_raw_reaches_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    printer = Printer(verbosity=1)
    printer.line(HOSTILE)
    printer.note(HOSTILE)
    printer.warning(HOSTILE)
    printer.detail(HOSTILE)
    printer.table([(HOSTILE, "x", HOSTILE), ("y", HOSTILE, "")])
    printer.error(NotFoundError(HOSTILE, context=((HOSTILE, HOSTILE),), hint=HOSTILE))
    text = shown(capsys)
    assert text.count("owned") >= 10
    assert not set(text) & set("\x1b\x07\u202e\r\x9b")


def test_a_row_of_a_table_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    Printer().table([("a\nb", "x\ty", "one\ntwo"), ("c", "z", "three")])
    assert shown(capsys) == "a\\nb  x\\ty  one\\ntwo\nc     z     three\n"


def test_json_is_alone_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    printer = Printer(as_json=True, verbosity=1)
    printer.line("a line")
    printer.note("a note")
    printer.detail("a detail")
    printer.table([("a", "b")])
    printer.value({"answer": HOSTILE})
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"answer": HOSTILE}
    assert captured.out.isascii()
    assert "\x1b" not in captured.out
    assert captured.err == "a note\na detail\n"


def test_an_error_for_programs_and_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    error = NotFoundError("there is no x", reference="unknown-x", context=(("known", "y"),), hint="did you mean y?")
    Printer(as_json=True).error(error)
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {
        "error": "unknown-x",
        "message": "there is no x",
        "context": [["known", "y"]],
        "hint": "did you mean y?",
        "exit_code": int(ExitCode.NOT_FOUND),
    }
    assert captured.err == "xpkg: there is no x [unknown-x]\n  known: y\n  hint: did you mean y?\n"


def test_columns(capsys: pytest.CaptureFixture[str]) -> None:
    Printer().table([("a", "bbb", "c"), ("aaa", "b", "")])
    Printer().table([])
    assert capsys.readouterr().out == "a    bbb  c\naaa  b\n"


def test_beside_a_program_that_is_started_standard_output_is_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    Printer(beside=True).note("the runner was built")
    assert capsys.readouterr() == ("", "the runner was built\n")
