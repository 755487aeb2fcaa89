"""The fields and sections of an opam file, each with its form (``OpamFile.OPAM``, ``OpamFile.URL``)."""

from __future__ import annotations

from xpkg.repo.lint import forms
from xpkg.repo.lint.forms import each, fail, with_condition
from xpkg.repo.opamfile.values import Bool, Group, Ident, List, Logical, Option, Prefix, PrefixRelation, String, Value


def _os(value: Value) -> None:
    """The field ``os`` of opam 1: names joined by operators, perhaps negated."""
    match value:
        case String():
            return
        case Group() | Logical():
            for item in value.items:
                _os(item)
        case Prefix(operator="!"):
            _os(value.value)
        case _:
            fail(value, "expected the name of a system")


def _compiler(value: Value) -> None:
    """The field ``ocaml-version`` of opam 1: version bounds joined by operators."""
    match value:
        case PrefixRelation():
            if not isinstance(value.value, String) and value.value != Ident(0, 0, "system"):
                fail(value.value, "expected a version")
        case Group() | Logical():
            for item in value.items:
                _compiler(item)
        case Prefix(operator="!"):
            _compiler(value.value)
        case _:
            fail(value, "expected a bound on a version")


def _feature(value: Value) -> None:
    """``name {formula} {"text"}``"""
    if not isinstance(value, Option) or not isinstance(value.value, Option):
        fail(value, 'expected a feature: name {packages} {"text"}')
    forms.word(value.value.value)
    for item in value.value.options:
        forms.formula(Group(item.start, item.end, (item,)))
    if len(value.options) != 1:
        fail(value, "expected one text")
    forms.string(value.options[0])


def _rewrite(value: Value) -> None:
    """``[NAME true]`` or ``[NAME separator format]``"""
    if not isinstance(value, List) or len(value.items) not in (2, 3) or not isinstance(value.items[0], Ident):
        fail(value, "expected [NAME true], [NAME false] or [NAME separator format]")
    if len(value.items) == 2 and not isinstance(value.items[1], Bool):
        fail(value.items[1], "expected true or false")


def _bare(form: forms.Form) -> forms.Form:
    """Values of one form, in brackets or not."""

    def check(value: Value) -> None:
        for item in value.items if isinstance(value, List) else (value,):
            form(item)

    return check


_COMMANDS = each(forms.command, 2)
_TEXTS = each(forms.string)
_FILTERED_TEXTS = each(with_condition(forms.string))
_UPDATES = each(forms.update, 2)
_SYSTEM_PACKAGES = each(forms.string, 0)

FIELDS: dict[str, forms.Form] = {
    "opam-version": forms.string,
    "name": forms.name,
    "version": forms.version,
    "synopsis": forms.string,
    "description": forms.string,
    "descr": forms.string,
    **dict.fromkeys(("maintainer", "authors", "author", "license", "tags", "homepage", "doc", "bug-reports"), _TEXTS),
    **dict.fromkeys(("depends", "depopts", "conflicts"), forms.formula),
    "conflict-class": each(forms.name),
    "available": forms.available,
    "flags": each(forms.word),
    **dict.fromkeys(("setenv", "build-env"), _UPDATES),
    **dict.fromkeys(("build", "install", "remove", "run-test", "build-test", "build-doc"), _COMMANDS),
    "substs": _TEXTS,
    **dict.fromkeys(("patches", "messages", "post-messages", "libraries", "syntax"), _FILTERED_TEXTS),
    "features": each(_feature),
    "depexts": forms.either(
        each(with_condition(_SYSTEM_PACKAGES), 2), each(forms.pair(_SYSTEM_PACKAGES, _SYSTEM_PACKAGES), 3)
    ),
    "dev-repo": forms.address,
    "pin-depends": each(forms.pair(forms.package, forms.address), 2),
    "extra-files": each(forms.pair(forms.string, forms.checksum), 2),
    "extra-sources": each(forms.pair(with_condition(forms.address), forms.checksum), 2),
    "configure-style": forms.anything,
    "ocaml-version": _bare(_compiler),
    "os": _bare(_os),
}

URL_FIELDS: dict[str, forms.Form] = {
    "src": forms.address,
    **dict.fromkeys(("archive", "http", "git", "darcs", "hg", "local"), forms.string),
    "checksum": each(forms.checksum),
    "mirrors": each(forms.address),
    "subpath": forms.string,
}

BACKENDS = {"archive": "http", "http": "http", "git": "git", "darcs": "darcs", "hg": "hg", "local": "rsync"}
"""The fields of opam 1 that say how to fetch."""

EXTENSIONS: dict[str, forms.Form] = {
    "x-subpath": forms.string,
    "x-locked": forms.string,
    "x-env-path-rewrite": each(_rewrite, 0),
}
"""Extension fields that opam itself reads: one of another form spoils the whole file."""
