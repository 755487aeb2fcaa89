"""Templates of ``substs``; ``tests/oracle/test_filters.py`` asks opam about generated ones."""

from __future__ import annotations

import pytest

from xpkg.repo.interpolate import Value
from xpkg.repo.substs import substituted

VALUES: dict[str, Value] = {"path": 'C:\\x "y"', "t": True, "l": ["a", "b"]}


# OpamFilter.expand_interpolations_in_file and opamInterpLexer.mll.
@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("", ""),
        # No opam file: as it is, every line ended.
        ("let path = %{path}%", 'let path = C:\\x "y"\n'),
        ('let path = "%{path}%"\n', 'let path = "C:\\x "y""\n'),
        ("[%{u}%|%{l}%|%%|%{t", "[|a b|%|%{t\n"),
        ("a\r\n%{t}%\r\n", "a\r\ntrue\r\n"),
        # An opam file: values are escaped where they stand in quotes.
        ('x: "%{path}%"', 'x: "C:\\\\x \\"y\\""'),
        ('x: """%{path}% "%{t}%" """\n', 'x: """C:\\\\x \\"y\\" "true" """\n'),
        ('x: "%{t?a\\\\b:c}%"\n', 'x: "a\\\\\\\\b"\n'),
        ('x: "%%" # %{path}%\n', 'x: "%" # C:\\x "y"\n'),
        # A quote after a backslash never ends a text, not even after two.
        ('x: "\\\\" # %{path}%\n', 'x: "\\\\" # C:\\\\x \\"y\\"\n'),
    ],
)
def test_templates(template: str, expected: str) -> None:
    assert substituted(template, VALUES.get) == expected


def test_undefined_variables_are_told() -> None:
    told: list[str] = []
    assert substituted('x: "%{u}%"\n%{v}%', VALUES.get, told.append) == 'x: ""\n\n'
    assert substituted('x: "%{u}%"', VALUES.get, told.append) == 'x: ""'
    assert told == ["undefined variable u", "undefined variable v", "undefined variable u"]
