"""opam's checks of commands and of the variables in them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from xpkg.core.errors import InputFileError
from xpkg.repo.expressions import filter_of
from xpkg.repo.filters import Value as Truth
from xpkg.repo.filters import evaluate
from xpkg.repo.lint.dependency_checks import wanted
from xpkg.repo.lint.findings import Found, error, warning
from xpkg.repo.lint.subject import Command, Subject
from xpkg.repo.lint.walk import Mention, interpolations, mentions, strings, unclosed
from xpkg.repo.opamfile.values import List, Node, Option, String, Value

_MOST_GUARDS = 30  # of one filter, which is evaluated for each


def texts(subject: Subject) -> Iterator[String]:
    """The strings in which opam replaces variables (``OpamFileTools.all_expanded_strings``)."""
    for name in ("messages", "post-messages"):
        for value in subject.elements(name):
            yield from strings(value.value if isinstance(value, Option) else value)
    for command in subject.scripts:
        yield from (argument.word for argument in command.arguments if isinstance(argument.word, String))
    for root in subject.filters():
        yield from strings(root)


def command_mentions(commands: tuple[Command, ...]) -> Iterator[Mention]:
    """The variables of commands and of their filters."""
    for command in commands:
        if command.condition is not None:
            yield from mentions(command.condition)
        for argument in command.arguments:
            yield from mentions(argument.word)
            if argument.condition is not None:
                yield from mentions(argument.condition)


@warning("26", "a package with remove has install", "what build installs is not seen as the package's")
def installing_build(subject: Subject) -> Iterator[Found]:
    if subject.commands("remove") and subject.commands("build") and not subject.commands("install"):
        yield Found(subject.fields["remove"], "there is remove, but no install: does build install?")


@error("32", "the compiler's version is that of the package ocaml", "ocaml-version is opam 1's")
def compiler_version(subject: Subject) -> Iterator[Found]:
    if "ocaml-version" in subject.fields:
        yield Found(subject.fields["ocaml-version"], "the field ocaml-version is opam 1's", 'depend on "ocaml"')
    for one in (*command_mentions(subject.scripts), *(one for root in subject.filters() for one in mentions(root))):
        if str(one) == "ocaml-version":
            yield Found(one.place, "the variable ocaml-version is opam 1's", "write ocaml:version")


@error("33", "systems are named in available", "the field os is opam 1's")
def system_field(subject: Subject) -> Iterator[Found]:
    value = subject.fields.get("os")
    if value is not None and value != List(0, 0, ()):
        yield Found(value, "the field os is opam 1's", 'write available: os = "..."')


@error("39", "make is called by the variable make", "GNU make has another name on some systems")
def make_name(subject: Subject) -> Iterator[Found]:
    for command in subject.scripts:
        if command.arguments and isinstance(word := command.arguments[0].word, String) and word.value == "make":
            yield Found(word, "make is called by name", "write make without quotes")


@warning("41", "packages that scripts ask about are dependencies", "else they may be missing, or come and go unseen")
def undeclared(subject: Subject) -> Iterator[Found]:
    guards, found = _unguarded(subject)
    found += [one for root in subject.filters(after=False) for one in mentions(root)]
    others = [one for one in found if one.package not in (None, "_", subject.stated_name)]
    told: set[str] = set()
    if others:
        known = wanted(subject, "depends", asked=True) | wanted(subject, "depopts", asked=True)
        for one in others:
            if one.package not in known and one.package not in told and one.name != "installed":
                told.add(str(one.package))
                yield Found(one.place, f"{one.package} is used ({one}), but is no dependency")
    named = {one.name.value for field in ("depends", "depopts") for one in subject.packages.get(field, ())}
    for package, place in guards.items():
        if package not in named and package not in told:
            yield Found(place, f"{package} is asked for, but is no dependency", f'add "{package}" to depopts')


def _unguarded(subject: Subject) -> tuple[dict[str, Node], list[Mention]]:
    """The packages that filters ``package:installed`` guard, and the variables that none guards.

    What guards a command or an argument guards the arguments after it as well, as in opam 2.2 and later.
    """
    guards: dict[str, Node] = {}
    found: list[Mention] = []
    for command in subject.scripts:
        own: dict[str, Node] = {}
        if command.condition is not None:
            found += _after_guard(command.condition, own, subject)
        for argument in command.arguments:
            if argument.condition is not None:
                found += _after_guard(argument.condition, own, subject)
            found += [one for one in mentions(argument.word) if one.package not in own]
        guards = own | guards
    return guards, found


def _after_guard(condition: Value, guards: dict[str, Node], subject: Subject) -> list[Mention]:
    """Add what the filter guards to ``guards``; its variables of other packages."""
    found = list(mentions(condition))
    asked = {str(one.package): one.place for one in found if one.package and one.name == "installed"}
    for package, place in islice(asked.items(), _MOST_GUARDS):
        if package != "_" and _needs(condition, f"{package}:installed", subject):
            guards.setdefault(package, place)
    return [one for one in found if one.package not in guards]


def _needs(condition: Value, variable: str, subject: Subject) -> bool:
    """Whether the filter is false when the variable is, whatever the others are."""

    def known(name: str) -> Truth:
        return False if name == variable else None

    try:
        return evaluate(filter_of(condition, subject.file), known) is False
    except InputFileError:  # an empty group, which opam takes for true
        return False


@error("45", "every %{ has its }%", "the text stays as it is")
def unclosed_variable(subject: Subject) -> Iterator[Found]:
    for text in texts(subject):
        for one in unclosed(text.value):
            yield Found(text, f"{one[:80]!r} has no end")


@error("46", "a conf package has no source and installs nothing", "it says what the system has")
def conf_instructions(subject: Subject) -> Iterator[Found]:
    if "conf" not in subject.flags:
        return
    for name in ("install", "remove"):
        if subject.commands(name):
            yield Found(subject.fields[name], f"a conf package has no {name}")
    for source in (subject.url, *subject.extra_sources):
        if source is not None:
            yield Found(source.place, "a conf package has no source")


@warning("48", "tests and documentation are parts of build and run-test", "build-test and build-doc are opam 1's")
def old_commands(subject: Subject) -> Iterator[Found]:
    for name in ("build-test", "build-doc"):
        if subject.commands(name):
            yield Found(subject.fields[name], f"the field {name} is opam 1's", "use {with-test} and {with-doc}")


@error("52", "light-uninstall stands with remove", "the flag is about that field")
def light_uninstall(subject: Subject) -> Iterator[Found]:
    if "light-uninstall" in subject.flags and not subject.commands("remove"):
        yield Found(subject.fields.get("flags"), "the flag light-uninstall without remove")


@warning("61", "run-test does not ask for with-test", "it runs only then; the variable is not defined there")
def test_in_test(subject: Subject) -> Iterator[Found]:
    for one in command_mentions(subject.commands("run-test")):
        if str(one) == "with-test":
            yield Found(one.place, "with-test is not defined in run-test")


@warning("69", "a name with + in %{...}% is written %{?name:variable:}%", "+ separates names there")
def plus_in_name(subject: Subject) -> Iterator[Found]:
    for text in texts(subject):
        for one in interpolations(text.value):
            packages, colon, name = one.rpartition(":")
            packages = packages.rpartition("?")[0].rpartition(":")[0] if "?" in packages else packages
            if colon and packages and "" in packages.split("+"):
                yield Found(text, f"%{{{one[:80]}}}% names several packages", f"write %{{?{packages}:{name}:}}%")


CHECKS = (
    installing_build,
    compiler_version,
    system_field,
    make_name,
    undeclared,
    unclosed_variable,
    conf_instructions,
    old_commands,
    light_uninstall,
    test_in_test,
    plus_in_name,
)
