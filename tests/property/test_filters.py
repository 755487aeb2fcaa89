"""Filters and formulas: opam's three-valued logic, and what is left of a formula when filters are false."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xpkg.repo.expressions import Join, filter_of, formula_of
from xpkg.repo.filters import Environment, Value, evaluate, is_true
from xpkg.repo.formulas import And, Formula, Need, Or, Resolved, exclude, needs, resolve, select
from xpkg.repo.interpolate import expand, interpolate
from xpkg.repo.opamfile.file import parse

VALUES: dict[str, Value] = {
    "t": True,
    "f": False,
    "text": "hello",
    "yes": "true",
    "os": "linux",
    "os-version": "12",
    "list": ["a", "b"],
    "one": ["true"],
    "nested": "50%%-%{text}%%{u}%",
    "gtk+:installed": True,
    "p:installed": True,
    "q:installed": False,
    "p:version": "1.2",
    "version": "3.0",
}


def environment(name: str) -> Value:
    return VALUES.get(name)


def value_of(text: str, env: Environment = environment) -> bool | str | None:
    file = parse(f"x: {text}", "opam")
    value = file.get("x")
    assert value is not None
    return evaluate(filter_of(value, file), env)


def formula_value(text: str, join: Join = "&") -> Formula:
    file = parse(f"x: [{text}]", "opam")
    value = file.get("x")
    assert value is not None
    return formula_of(value, file, join)


def resolved(text: str, env: Environment = environment) -> Resolved:
    return resolve(formula_value(text), env)


def excluded(text: str, env: Environment = environment) -> Resolved:
    return exclude(formula_value(text, "|"), env)


# Read in OpamFilter.reduce_aux and resolve_ident_raw, and tried with opam 2.1.2 on 1,800 random filters.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("t", True),
        ("u", None),
        ("!u", None),
        ("?u", False),
        ("!?u", True),
        ("?t", True),
        ("?f", True),
        ('u = "1"', None),
        ("f & u", False),
        ("u & f", False),
        ("t & u", None),
        ("t | u", True),
        ("u | t", True),
        ("f | u", None),
        ("?(u & f)", True),
        ('?(u = "1")', False),
        ("yes & t", True),
        ("text & t", None),
        ("!text", None),
        ('os = "linux"', True),
        ('os-version < "9"', False),
        ("os-version >= 12", True),
        ('"1.0" = "1.00"', True),
        ('"1.0~rc" < "1.0"', True),
        ('t = "true"', True),
        ("t >= f", True),
        ("p:installed", True),
        ("p+q:installed", False),
        ("p+p:installed", True),
        ("p+u:installed", None),
        ("q+u:installed", False),
        ("p:enable", "enable"),
        ("q:enable", "disable"),
        ("u:enable", "disable"),
        ("list", "a b"),
        ("!one", False),
        ("one & t", True),
        # What a variable holds is expanded once (OpamFilter.reduce).
        ("nested", "50%-hello"),
        ("?nested", True),
        ('"%{nested}%" = "50%%%%-%%{text}%%%%{u}%"', True),
        ('"%{u}%"', ""),
        ('"%{u}%" = ""', True),
        ('?"%{u}%"', True),
        ("?u:enable", True),
        ("u+q:installed", False),
        ("yes | u", None),
        ("u | yes", None),
        ("u | (yes | yes)", True),
        ('"false" & u', None),
        ("yes | t & text", None),
        ("t | text", True),
        ('"%{u?a:b}%"', "b"),
        ("(f | t) & !(f)", True),
    ],
)
def test_value_of_a_filter(text: str, expected: bool | str | None) -> None:
    assert value_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a%%b", "a%b"),
        ("%{text}%-%{t}%", "hello-true"),
        ("%{list}%", "a b"),
        ("%{p:version}%", "1.2"),
        ("%{p:installed?with:without}%", "with"),
        ("%{t?a:b}%%{f?a:b}%", "ab"),
        ("%{p:installed?--with=x\\:y:no}%", "--with=x\\:y"),
        ("%{text", "%{text"),
        ("%{text}", "%{text}"),
        ("%{te\nxt}%", "%{te\nxt}%"),
        ("50% off", "50% off"),
        ("%{u}%", ""),
        ("%{}%", ""),
        # The name of a package may have a "+" in the form with two empty choices (opam 2.2).
        ("%{?gtk+:installed:}%", "true"),
        ("%{?gtk+:enable:}%", "enable"),
        ("%{?p:version:}%", "1.2"),
        ("%{?x:text}%", "hello"),
        ("%{?:text}%", "hello"),
        ("%{:text}%", "hello"),
        ("%{+p:version}%", "1.2"),
        ("%{:enable}%", ""),
        ("%{text?a}%", ""),
        # A brace takes the next character along (OpamFilter.string_interp_regex).
        ("%{te}xt}% %{t}%", " true"),
        ("%{t}}% %{t}%", ""),
        ("%{t}}% %{t}", "%{t}}% %{t}"),
        ("%{t}}", "%{t}}"),
        ("%{t}\n}%", "%{t}\n}%"),
    ],
)
def test_interpolation(text: str, expected: str) -> None:
    assert interpolate(text, environment) == expected


def test_an_undefined_variable_is_told() -> None:
    told: list[str] = []
    assert expand("a%{u}%b", environment, undefined="", warn=told.append) == "ab"
    assert expand("a%{u}%b", environment) is None
    assert told == ["undefined variable u"]


@given(st.text(max_size=30))
def test_text_without_mentions_stays(text: str) -> None:
    assert interpolate(text.replace("%", "%%"), environment) == text


three = st.sampled_from(["t", "f", "u"])
logic = st.recursive(
    three,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("&|"), inner).map(lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"),
        inner.map(lambda part: f"!{part}"),
        inner.map(lambda part: f"?{part}"),
    ),
    max_leaves=10,
)


@given(logic, logic)
def test_de_morgan(a: str, b: str) -> None:
    assert value_of(f"!({a} & {b})") == value_of(f"!{a} | !{b}")
    assert value_of(f"{a} & {b}") == value_of(f"{b} & {a}")


@given(logic)
def test_what_is_decided_without_a_variable_does_not_depend_on_it(text: str) -> None:
    if "?" in text:
        return
    answer = value_of(text)
    if answer is not None:
        for filled in (True, False):
            assert value_of(text, lambda name, filled=filled: filled if name == "u" else VALUES.get(name)) == answer  # type: ignore[misc]


def names(formula: Resolved) -> object:
    """The shape of a formula by names: a tuple is a conjunction, a list a disjunction."""
    if isinstance(formula, Need):
        return formula.name if not str(formula.versions) else f"{formula.name} {formula.versions}"
    kind = tuple if isinstance(formula, And) else list
    return kind(names(item) for item in formula.items)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"a" "b"', ("a", "b")),
        ('("a" | "b" {false})', "a"),
        ('("a" {false} & "b") | "c"', ["b", "c"]),
        ('"a" {false} "b" {u} "c" {?u}', ()),
        ('"a" {}', "a"),
        ('("a" "b") | "c"', [("a", "b"), "c"]),
        ('"a" {>= "1" < "2"}', 'a >= "1" & < "2"'),
        ('"a" {>= "1" & (< "2" | = "3")}', 'a >= "1" & (< "2" | = "3")'),
        ('"a" {t & >= "1"}', 'a >= "1"'),
        ('"a" {t | >= "1"}', "a"),
        ('"a" {f | >= "1"}', 'a >= "1"'),
        ('"a" {f & >= "1"}', ()),
        ('"a" {!(>= "1" & t)}', 'a < "1"'),
        ('"a" {= version}', 'a = "3.0"'),
        ('"a" {>= "%{p:version}%"}', 'a >= "1.2"'),
        # An undefined bound is false (OpamSwitchState.get_dependencies_t).
        ('"a" {= u}', ()),
        ('"a" {!(= u)}', ()),
        ('"a" {= u & = w}', ()),
        ('"a" {= u & f}', ()),
        ('"a" {= u & < "2"}', ()),
        ('"a" {= u | t}', "a"),
        ('"a" {(= u & t) | >= "2"}', 'a >= "2"'),
        ('"a" {(= u | f) & t}', ()),
        ('"a" {= u | >= "2"}', 'a >= "2"'),
        ('"a" {= "1.%{u}%"}', ()),
        ('("a" | "b" {= u})', "a"),
        ('"a" {os = "linux" & != "1"}', 'a != "1"'),
        ('"a" {os = "macos" & != "1"}', ()),
        # OpamFilter.partial_filter_formula: "build" and "post" are not known yet when all else is evaluated.
        ('"a" {?build}', ()),
        ('"a" {!?post}', "a"),
        ('"a" {?t}', "a"),
        ('"a" {build = "true"}', "a"),
        ('"a" {"%{build}%" = "true"}', "a"),
        ('"a" {"%{os}%-%{build}%" = "linux-true"}', "a"),
        ('"a" {"%{build?x:y}%" = "x"}', ()),
        ('"a" {?(build & f)}', "a"),
        ('"a" {?(build & t)}', ()),
        ('"a" {"%{u}%" = ""}', "a"),
        ('"a" {?"%{u}%"}', ()),
        ('"a" {u:enable = "disable"}', "a"),
        ('"a" {?u:enable}', ()),
        ('"a" {build = "%%"}', ()),
        ('"a" {build & "%%" = "%"}', "a"),
        ('"a" {build & "%%%%" = "%%"}', ()),
        ('"a" {"%{text?x:y}%" = "y"}', "a"),
        ('"a" {"%{text?x:y}%%{build}%" = "hellotrue"}', "a"),
        ('"a" {text | build}', "a"),
        # A comparison is of two atoms: this is a group and a bound.
        ('"a" {(text | build) = "true"}', 'a = "true"'),
    ],
)
def test_what_filters_leave(text: str, expected: object) -> None:
    assert names(resolved(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"a" {= u}', "a"),
        ('"a" {!(= u)}', "a"),
        ('"a" {= u & < "2"}', 'a < "2"'),
        ('"a" {= u | >= "2"}', 'a >= "2"'),
        ('"a" {(= u | f) & t}', "a"),
        ('"a" {= u & f}', ()),
        ('"a" {= version}', 'a = "3.0"'),
        ('"a" {?"%{u}%"}', "a"),
    ],
)
def test_what_conflicts_exclude(text: str, expected: object) -> None:
    """An undefined bound excludes any version (OpamFilter.filter_constraints)."""
    assert names(excluded(text)) == expected


@pytest.mark.parametrize("kind", ["build", "post", "with-test", "with-doc", "with-dev-setup", "dev"])
def test_conflicts_know_no_kinds(kind: str) -> None:
    """OpamSwitchState.get_conflicts_t: these variables are undefined there, ``{!with-test}`` is false as well."""
    for text in (f'"a" {{{kind}}}', f'"a" {{!{kind}}}', f'"a" {{?{kind}}}'):
        assert names(excluded(text, lambda name: True)) == ()


def test_kinds_selected() -> None:
    """OpamPackageVar.filter_depends_formula, which listings use."""
    value = formula_value('"a" {with-test} "b" {!build} "c" {?with-test} "d" {= u & with-test}')
    given = {"with-test": True, "build": False}
    assert names(select(value, given.get)) == ("a", "b", "d")


def test_an_undefined_bound_is_told() -> None:
    file = parse('x: "a" {= u}', "opam")
    value = file.get("x")
    assert value is not None
    told: list[str] = []
    resolve(formula_of(value, file, "&"), environment, told.append)
    assert len(told) == 1


@pytest.mark.parametrize(
    ("condition", "build", "post"),
    [
        ("", False, False),
        ("build", True, False),
        ("post", False, True),
        ("build & post", True, True),
        ('build & >= "1"', True, False),
        ("build | t", False, False),
        ("build | post", False, False),
        ("!build | t", False, False),
        ('build | >= "2"', False, False),
    ],
)
def test_why_a_need_is_there(condition: str, build: bool, post: bool) -> None:
    (need,) = needs(resolved(f'"a" {{{condition}}}'))
    assert (need.build, need.post) == (build, post)


tree = st.recursive(
    st.tuples(st.sampled_from("abcd"), st.booleans()),
    lambda inner: st.tuples(st.sampled_from([And, Or]), st.lists(inner, min_size=1, max_size=3)),
    max_leaves=8,
)


def written(node: object) -> str:
    """A formula in opam's syntax; every leaf with a filter that is plainly true or false."""
    assert isinstance(node, tuple)
    kind, rest = node
    if isinstance(rest, bool):
        return f'"{kind}" {{{"t" if rest else "f"}}}'
    return "(" + (" & " if kind is And else " | ").join(map(written, rest)) + ")"


def holds_for(node: object, installed: frozenset[str]) -> bool | None:
    """The meaning by the rule itself: a removed leaf takes no part; None when nothing is left."""
    assert isinstance(node, tuple)
    kind, rest = node
    if isinstance(rest, bool):
        return kind in installed if rest else None
    parts = [answer for item in rest if (answer := holds_for(item, installed)) is not None]
    if not parts:
        return None
    return all(parts) if kind is And else any(parts)


def satisfied(formula: Resolved, installed: frozenset[str]) -> bool:
    if isinstance(formula, Need):
        return formula.name in installed
    join = all if isinstance(formula, And) else any
    return join(satisfied(item, installed) for item in formula.items)


@given(tree)
def test_removed_atoms_are_neutral(node: object) -> None:
    formula = resolved(written(node))
    for choice in product([False, True], repeat=4):
        installed = frozenset(name for name, taken in zip("abcd", choice, strict=True) if taken)
        expected = holds_for(node, installed)
        assert satisfied(formula, installed) == (expected is not False)


def test_is_true_of_an_absent_filter() -> None:
    assert is_true(None, environment)
