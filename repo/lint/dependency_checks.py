"""opam's checks of what a recipe says about other packages, and of its filters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from xpkg.core.errors import InputFileError
from xpkg.repo.expressions import formula_of
from xpkg.repo.filters import Environment, is_true
from xpkg.repo.filters import Value as Truth
from xpkg.repo.formulas import And, Condition, Or, When, atoms
from xpkg.repo.lint.findings import Found, error, warning
from xpkg.repo.lint.subject import FORMULAS, Subject
from xpkg.repo.lint.walk import Mention, conditions, dependencies, mentions, within
from xpkg.repo.opamfile.values import (
    Group,
    Ident,
    List,
    Logical,
    Prefix,
    PrefixRelation,
    Relation,
    String,
    Value,
)

_TRUTH = re.compile(r"true|false|%%|%\{(?:[^}\n]|\}[^%\n])*(?:\}%)?")
_ARM = ("armv5", "armv6", "earmv6", "armv7", "earmv7")
_ARCHITECTURES = (
    dict.fromkeys(("x86", "i386", "i486", "i586", "i686"), "x86_32")
    | dict.fromkeys(("powerpc", "ppc", "ppcle"), "ppc32")
    | {"amd64": "x86_64", "ppc64le": "ppc64", "aarch64": "arm64", "aarch64_be": "arm64", "armv8b": "arm32"}
    | {"armv8l": "arm32"}
)
_SYSTEMS = {"darwin": "macos", "osx": "macos"}


def wanted(subject: Subject, field: str, *, asked: bool) -> frozenset[str]:
    """The packages of a formula that remain when nothing is known of the machine.

    ``asked`` sets ``with-test`` and the like (``OpamFileTools.names_of_formula``).
    """
    value = subject.fields.get(field)
    if value is None:
        return frozenset()
    known: dict[str, Truth] = dict.fromkeys(("build", "post", "dev"), True)
    known |= dict.fromkeys(("with-test", "with-doc", "with-dev-setup"), asked)
    try:
        formula = formula_of(value, subject.file, "&" if field == "depends" else "|")
    except InputFileError:  # xpkg is stricter with names and versions than opam
        return frozenset(one.name.value for one in dependencies(value))
    return frozenset(atom.name for atom in atoms(formula) if _remains(atom.condition, known.get))


def _remains(condition: Condition, environment: Environment) -> bool:
    """Whether a package is wanted at some version; a bound always leaves one, what is not known holds not."""
    match condition:
        case When(filter):
            return is_true(filter, environment)
        case And(items):
            return all(_remains(item, environment) for item in items)
        case Or(items):
            return any(_remains(item, environment) for item in items)
    return True


def _conditions(subject: Subject, *fields: str) -> Iterator[Value]:
    for field in fields:
        for dependency in subject.packages.get(field, ()):
            for option in dependency.options:
                yield from conditions(option)


@error("29", "filters of dependencies name no variables of packages", "they are read before anything is installed")
def package_variables(subject: Subject) -> Iterator[Found]:
    for condition in _conditions(subject, *FORMULAS):
        for one in mentions(condition):
            if one.package is not None:
                yield Found(one.place, f"{one} is not known while packages are chosen")


@error("31", "a package is in depends or in depopts", "what is needed anyway is not optional")
def needed_and_optional(subject: Subject) -> Iterator[Found]:
    if "depopts" not in subject.fields:
        return
    both = wanted(subject, "depends", asked=False) & wanted(subject, "depopts", asked=True)
    for dependency in subject.packages.get("depopts", ()):
        if dependency.name.value in both:
            yield Found(dependency.name, f"{dependency.name.value} is in depends already")


@error("34", "available names no variables of packages", "it is read before anything is installed")
def available_variables(subject: Subject) -> Iterator[Found]:
    for value in subject.available:
        for one in mentions(value):
            if one.package is not None:
                yield Found(one.place, f"{one} is not known while packages are chosen")


@error("43", "conflicts has no conjunctions", "each bound excludes versions by itself: two would exclude all")
def conjunction(subject: Subject) -> Iterator[Found]:
    for dependency in subject.packages.get("conflicts", ()):
        options = dependency.options
        if sum(not _is_filter(one) for one in options) > 1 or not all(map(_without_conjunction, options)):
            yield Found(dependency.name, f"several bounds on {dependency.name.value} are joined by &", "name it twice")


def _is_filter(value: Value) -> bool:
    return not isinstance(value, PrefixRelation | Logical | Group) and list(conditions(value)) == [value]


def _without_conjunction(value: Value) -> bool:
    if isinstance(value, Logical | Group):
        together = isinstance(value, Group) or value.operator == "&"
        if together and sum(not _is_filter(item) for item in value.items) > 1:
            return False
        return all(map(_without_conjunction, value.items))
    return True


@warning("50", "post is not joined with build, nor in depopts", "what builds the package is there before it")
def pointless_post(subject: Subject) -> Iterator[Found]:
    for dependency in subject.packages.get("depopts", ()):
        for option in dependency.options:
            if (one := _global(mentions(option), "post")) is not None:
                yield Found(one.place, f"the optional {dependency.name.value} cannot be wanted after the package")
    for dependency in subject.packages.get("depends", ()):
        found = [one for option in dependency.options for part in conditions(option) for one in mentions(part)]
        post = _global(iter(found), "post")
        if post is not None and _global(iter(found), "build") is not None:
            yield Found(post.place, f"{dependency.name.value} cannot build the package and come after it")


def _global(found: Iterator[Mention], name: str) -> Mention | None:
    return next((one for one in found if one.package is None and one.name == name), None)


@error("51", "build and post are not negated", "what that means for a dependency is not defined")
def negated_flag(subject: Subject) -> Iterator[Found]:
    for field in ("depends", "depopts"):
        for dependency in subject.packages.get(field, ()):
            for option in dependency.options:
                for one in _negated(option, negative=False):
                    yield Found(one, f"!{one.name} has no meaning here")


def _negated(value: Value, *, negative: bool) -> Iterator[Ident]:
    """``build`` and ``post`` below an odd number of negations (``OpamFilter.distribute_negations``)."""
    match value:
        case Ident(name="build" | "post") if negative:
            yield value
        case Prefix(operator="!"):
            yield from _negated(value.value, negative=not negative)
        case Logical() | Group():
            for item in value.items:
                yield from _negated(item, negative=negative)
        case Relation():
            for side in (value.left, value.right):
                yield from _negated(side, negative=False)


@error("55", "systems and architectures have opam's names", "a comparison with another name never holds")
def machine_names(subject: Subject) -> Iterator[Found]:
    for root in subject.filters():
        for one in within(root):
            if isinstance(one, Relation):
                for variable, text in ((one.left, one.right), (one.right, one.left)):
                    if isinstance(variable, Ident) and isinstance(text, String):
                        usual = _usual(variable.name, text.value)
                        if usual != text.value:
                            yield Found(text, f"{variable.name} is never {text.value[:80]!r}", f"write {usual!r}")


def _usual(variable: str, text: str) -> str:
    """What opam makes of the name that a system gives (``OpamSysPoll.normalise_os``, ``normalise_arch``)."""
    lower = text.lower() if text.isascii() else text
    if variable == "os":
        return _SYSTEMS.get(lower, lower)
    if variable == "arch":
        return "arm32" if lower.startswith(_ARM) else _ARCHITECTURES.get(lower, lower)
    return text


@warning("58", "with-test and with-doc have their names", "test and doc are variables of opam 1")
def old_variables(subject: Subject) -> Iterator[Found]:
    for root in subject.filters():
        for one in mentions(root):
            if one.package is None and one.name in ("test", "doc"):
                yield Found(one.place, f"the variable {one.name} is of opam 1", f"write with-{one.name}")


@warning("66", "a filter is no plain text", "a text that is neither true nor false is taken for undefined")
def text_filter(subject: Subject) -> Iterator[Found]:
    every = [dependency for name in FORMULAS for dependency in subject.packages.get(name, ())]
    for dependency in (*every, *subject.features):
        for option in dependency.options:
            for condition in conditions(option):
                for text in _loose_texts(condition):
                    yield Found(text, f"{text.value[:80]!r} is neither true nor false")


def _loose_texts(value: Value) -> Iterator[String]:
    """Texts that stand where a truth value is wanted."""
    match value:
        case String() if not _TRUTH.fullmatch(value.value):
            yield value
        case Logical() | Group():
            for item in value.items:
                yield from _loose_texts(item)
        case Prefix():
            yield from _loose_texts(value.value)


@warning("74", "what pin-depends pins is a dependency", "a pin alone installs nothing")
def needless_pin(subject: Subject) -> Iterator[Found]:
    if "pin-depends" not in subject.fields:
        return
    known = wanted(subject, "depends", asked=True) | wanted(subject, "depopts", asked=True)
    for value in subject.elements("pin-depends", 2):
        package = value.items[0] if isinstance(value, List) else value
        if isinstance(package, String) and package.value.partition(".")[0] not in known:
            yield Found(package, f"{package.value} is pinned, but is no dependency")


CHECKS = (
    package_variables,
    needed_and_optional,
    available_variables,
    conjunction,
    pointless_post,
    negated_flag,
    machine_names,
    old_variables,
    text_filter,
    needless_pin,
)
