"""Fields and syntax that the public repository has and that are easy to get wrong, read as recipes."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpkg.repo.filters import Comparison, Environment, Every, Text, is_true
from xpkg.repo.formulas import ALWAYS, And, Atom, Bound, Condition, Or, When
from xpkg.repo.interpolate import Variable
from xpkg.repo.opamfile.errors import OpamSyntaxError
from xpkg.repo.opamfile.file import parse
from xpkg.repo.opamfile.layout import format_file
from xpkg.repo.opamfile.printer import print_value
from xpkg.repo.recipe_reader import recipe_of
from xpkg.repo.recipes import EnvUpdate, Recipe, commands


def recipe(text: str) -> Recipe:
    file = parse(text if "opam-version" in text else f'opam-version: "2.0"\n{text}', "opam")
    return recipe_of(file, name="p", version="1", repository="r", directory=Path(), original=file)


def atoms_of(text: str) -> object:
    return recipe(f"depends: {text}").depends


def nothing(name: str) -> None:
    return None


def test_empty_braces_are_no_condition() -> None:
    assert atoms_of('"a" {}') == atoms_of('"a"') == Atom("a", ALWAYS)
    assert commands(recipe('build: [["a" {}] {}]').build, nothing) == [["a"]]


def test_several_values_in_one_pair_of_braces_must_all_hold() -> None:
    both: And[Condition] = And((When(Variable((), "build")), Bound(">=", Text("1"))))
    assert atoms_of('"a" {build >= "1"}') != Atom("a", both)  # a comparison of the variable build
    assert atoms_of('"a" {(build) >= "1"}') == Atom("a", both)
    assert atoms_of('"a" {build & >= "1"}') == Atom("a", both)
    (command,) = recipe('build: [["a"] {x y}]').build
    assert command.filter == Every((Variable((), "x"), Variable((), "y")))


def test_groups_of_several_packages() -> None:
    a, b = Atom("a", ALWAYS), Atom("b", ALWAYS)
    assert atoms_of('("a" "b")') == atoms_of('["a" "b"]') == And((a, b))
    assert atoms_of('("a" | "b")') == Or((a, b))
    assert recipe('depopts: ("a" "b")').depopts == Or((a, b))


def test_variables_of_the_package_itself_and_of_others() -> None:
    (command,) = recipe('build: ["%{_:lib}%" _:name a+b:installed x:enable "%{x?yes:no}%"]').build

    def environment(name: str) -> bool | str | None:
        known: dict[str, bool | str] = {"_:lib": "L", "_:name": "N", "a:installed": True, "b:installed": True}
        return known.get(name)

    assert commands((command,), environment) == [["L", "N", "true", "disable", "no"]]


def test_comments_triple_quotes_and_joined_lines() -> None:
    read = recipe(
        '(* a (* b *) "*) synopsis: "one \\\n   line"# x\n'
        'description: """\nfirst "quoted" line\\\n   goes on\n"""(* no final newline *)'
    )
    assert read.synopsis == "one line"
    assert read.description == '\nfirst "quoted" linegoes on\n'


def test_opam_version_need_not_come_first() -> None:
    assert recipe('name: "p"\nurl { src: "https://e.org/a" }\nopam-version: "2.0"').sources


def test_features_are_read_and_have_no_effect() -> None:
    """Deprecated: what lint remarks on; nothing asks for it, nothing is refused."""
    text = 'features: [[a {"b" | "c" {>= "1"}} "what it is"] [d "x"]]'
    read = recipe(text)
    assert read.depends == And(())
    assert not read.unknown_fields
    assert print_value(read.fields["features"]) == text.partition(": ")[2]


def test_every_operator_of_environment_updates() -> None:
    operators = ("=", "+=", "=+", ":=", "=:", "=+=")
    listed = " ".join(f'[V{number} {operator} "x"]' for number, operator in enumerate(operators))
    read = recipe(f'setenv: [{listed}]\nbuild-env: [A += "%{{lib}}%/x"] {{os = "linux"}}')
    assert [(one.name, one.operator) for one in read.setenv] == [(f"V{n}", one) for n, one in enumerate(operators)]
    linux = Comparison("=", Variable((), "os"), Text("linux"))
    assert read.build_env == (EnvUpdate(name="A", operator="+=", value="%{lib}%/x", filter=Every((linux,))),)
    assert recipe('setenv: A+="b"').setenv == (EnvUpdate(name="A", operator="+=", value="b"),)
    for wrong in ('A != "b"', '"A" = "b"', "A = b", '[["A"]]', "A"):
        with pytest.raises(OpamSyntaxError):
            recipe(f"setenv: {wrong}")


def test_extension_fields_are_of_any_form() -> None:
    shapes = {
        "x-a": "1",
        "x-b": '[[true "t" {>= "1"}] (a | b & !c)]',
        "x-c-d": 'a+b:c {d = "e"}',
        "x-e": "[]",
        "x-f": '"""\\\nseveral\nlines"""',
    }
    read = recipe("\n".join(f"{name}: {value}" for name, value in shapes.items()))
    assert set(shapes) < set(read.fields)
    assert read.unknown_fields == ()
    assert parse(format_file(read.file), "opam").items == read.file.items
    assert recipe("odd-field: 1").unknown_fields == ("odd-field",)


def test_of_an_extension_field_the_last_counts() -> None:
    """As in opam; any other field is there once."""
    assert print_value(recipe("x-a: 1 x-a: 2").fields["x-a"]) == "2"
    with pytest.raises(OpamSyntaxError, match="twice"):
        recipe('synopsis: "a" synopsis: "b"')


def test_sources_sections_and_pins() -> None:
    read = recipe(
        'pin-depends: [["a.1" "git+https://e.org/a#b"]]\n'
        'extra-source "p.patch" { src: "https://e.org/p" checksum: "md5=' + "0" * 32 + '" }\n'
        'extra-source "q" { src: ["https://e.org/q"] }\nurl { }\n'
    )
    assert [one.name for one in read.extra_sources] == ["p.patch", "q"]
    assert read.sources == ()
    assert print_value(read.fields["pin-depends"]) == '[["a.1" "git+https://e.org/a#b"]]'
    for wrong in ("extra-source {}", 'extra-source "x" {}', 'extra-source "../x" { src: "https://e.org" }'):
        with pytest.raises(OpamSyntaxError):
            recipe(wrong)


def test_messages_and_unknown_flags_are_kept() -> None:
    read = recipe(
        'messages: "m" {a} post-messages: ["""one\ntwo""" {success} "other" {failure & os = "linux"}]\n'
        "flags: [conf never-heard-of]"
    )
    assert read.flags == {"conf", "never-heard-of"}
    assert print_value(read.fields["messages"]) == '"m" {a}'
    assert print_value(read.fields["post-messages"]) == '["""one\ntwo""" {success} "other" {failure & os = "linux"}]'


def test_filters_of_texts() -> None:
    """A text of variables is a filter, too (`{"%{a:installed}%"}`)."""

    def environment(value: object) -> Environment:
        return lambda name: value if name == "a:installed" else None  # type: ignore[return-value]

    available = recipe('available: "%{a:installed}%"').available
    assert is_true(available, environment(True))
    assert not is_true(available, environment(None))
