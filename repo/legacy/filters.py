"""Variables and their values of opam 1.x as those of 2.0, wherever a recipe has filters or commands."""

from __future__ import annotations

import re

from xpkg.repo.legacy.terms import rebuilt
from xpkg.repo.opamfile.values import Ident, PrefixRelation, Relation, String, Value

# OpamFormatUpgrade.opam_file_from_1_2_to_2_0, rewrite_var
_VARIABLES = {
    "compiler": "ocaml:compiler",
    "preinstalled": "ocaml:preinstalled",
    "ocaml-version": "ocaml:version",
    "ocaml-native": "ocaml:native",
    "ocaml-native-tools": "ocaml:native-tools",
    "ocaml-native-dynlink": "ocaml:native-dynlink",
}
# ..., rwr_depflags
_FLAGS = {"test": "with-test", "doc": "with-doc"}
_MENTION = re.compile(r"%%|%\{([A-Za-z0-9_-]+)((?:\?[^}]*)?)\}%")

# OpamSysPoll.normalise_os and normalise_arch
_SYSTEMS = {"darwin": "macos", "osx": "macos"}
_MACHINES = {
    **dict.fromkeys(("x86", "i386", "i486", "i586", "i686"), "x86_32"),
    **dict.fromkeys(("x86_64", "amd64"), "x86_64"),
    **dict.fromkeys(("powerpc", "ppc", "ppcle"), "ppc32"),
    **dict.fromkeys(("ppc64", "ppc64le"), "ppc64"),
    **dict.fromkeys(("aarch64_be", "aarch64"), "arm64"),
    **dict.fromkeys(("armv8b", "armv8l"), "arm32"),
}
_ARM32 = ("armv5", "armv6", "earmv6", "armv7", "earmv7")


def with_variables(value: Value, *, arguments: bool = False) -> Value:
    """Old variables renamed and names of systems and machines normalised, in a formula, a filter or a command.

    With ``arguments``, the strings are a command's: there, too, old variables are mentioned.
    """

    def leaf(part: Value) -> Value:
        match part:
            case Ident(start, end, name):
                return Ident(start, end, _VARIABLES.get(name, name))
            case String() if arguments:
                return _mentions(part)
            case Relation(start, end, operator, left, right):
                return Relation(start, end, operator, *_normalised(_mentions(left), _mentions(right)))
            case PrefixRelation(start, end, operator, inner):
                return PrefixRelation(start, end, operator, _mentions(inner))
        return part

    return rebuilt(value, leaf)


def with_flags(condition: Value) -> Value:
    """``test`` and ``doc`` in the condition of a dependency."""
    return rebuilt(
        condition,
        lambda part: Ident(part.start, part.end, _FLAGS.get(part.name, part.name)) if isinstance(part, Ident) else part,
    )


def _mentions(value: Value) -> Value:
    """``%{ocaml-version}%`` in a string."""
    if not isinstance(value, String) or "%{" not in value.value:
        return value

    def renamed(match: re.Match[str]) -> str:
        name = match[1]
        return match[0] if name not in _VARIABLES else f"%{{{_VARIABLES[name]}{match[2]}}}%"

    return String(value.start, value.end, _MENTION.sub(renamed, value.value))


def _normalised(left: Value, right: Value) -> tuple[Value, Value]:
    """A comparison of ``os`` or ``arch`` with a text."""
    match left, right:
        case Ident(name="os" | "arch" as name), String(start, end, text):
            return left, String(start, end, _known(name, text))
        case String(start, end, text), Ident(name="os" | "arch" as name):
            return String(start, end, _known(name, text)), right
    return left, right


def _known(variable: str, text: str) -> str:
    text = text.lower()
    if variable == "os":
        return _SYSTEMS.get(text, text)
    return "arm32" if text.startswith(_ARM32) else _MACHINES.get(text, text)
