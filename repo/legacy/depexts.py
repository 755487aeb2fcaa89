"""``depexts`` of opam 1.x: ``[[tags] [packages]]``, where 2.0 has filters
(``OpamFormatUpgrade.upgrade_depexts_to_2_0_beta5``).
"""

from __future__ import annotations

from xpkg.repo.legacy.filters import with_variables
from xpkg.repo.legacy.terms import all_of, split_conditions, with_conditions
from xpkg.repo.opamfile.values import Group, Ident, List, Logical, Relation, String, Value

_ARCHITECTURES = {
    "amd64": "x86_64",
    "x86_64": "x86_64",
    "x86": "x86_32",
    "arm": "arm32",
    "armv7": "arm32",
    "ppc": "ppc32",
    "ppc64": "ppc64",
}
_SYSTEMS = ("linux", "unix", "xenserver", "freebsd", "openbsd", "netbsd", "dragonfly", "win32", "cygwin")
_DISTRIBUTIONS = (
    *("homebrew", "macports", "debian", "ubuntu", "centos", "fedora", "rhel", "opensuse", "oraclelinux", "ol"),
    *("mageia", "alpine", "archlinux", "gentoo", "nixos"),
)
_TAGS = {
    **{tag: ("arch", name) for tag, name in _ARCHITECTURES.items()},
    **{tag: ("os", tag) for tag in _SYSTEMS},
    "osx": ("os", "macos"),
    **{tag: ("os-distribution", tag) for tag in _DISTRIBUTIONS},
    "nixpkgs": ("os-distribution", "nixos"),
    "arch": ("os-distribution", "archlinux"),
    "bsd": ("os-family", "bsd"),
    "mswindows": ("os-family", "windows"),
}


class _UnknownTag(Exception):
    """A tag that names no system; ``source`` asked for a build from source."""


def depexts_of(value: Value) -> Value:
    """The field's value in the form of 2.0.  Packages under a tag that 2.0 cannot say are left out, as in opam."""
    if not isinstance(value, List):
        return value
    found = []
    for item in value.items:
        try:
            match split_conditions(item):
                case List(items=(List(items=tags), List() as packages)), None:
                    found.append(with_conditions(packages, all_of(*map(_filter, tags))))
                case packages, None:
                    found.append(packages)
                case packages, condition:
                    found.append(with_conditions(packages, _tagged(condition)))
        except _UnknownTag:
            continue
    return with_variables(List(value.start, value.end, tuple(found)))


def _tagged(condition: Value) -> Value:
    """A condition of tags only, as filter; one with anything else is of the new form already."""
    tags = condition.items if isinstance(condition, Logical) and condition.operator == "&" else (condition,)
    if not all(isinstance(tag, String) for tag in tags):
        return condition
    return all_of(*map(_filter, tags)) or condition


def _filter(tag: Value) -> Value:
    if isinstance(tag, Group) and len(tag.items) == 1:
        return _filter(tag.items[0])
    if not isinstance(tag, String) or tag.value not in _TAGS:
        raise _UnknownTag
    variable, name = _TAGS[tag.value]
    return Relation(tag.start, tag.end, "=", Ident(tag.start, tag.end, variable), String(tag.start, tag.end, name))
