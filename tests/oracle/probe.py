"""Commands of a package that opam builds, with what opam makes of their arguments: thousands in one process.

An argument with a filter is passed on when the filter is true, a text with its mentions expanded.  The variables are
those of the switch, of an installed package ``p`` and of one with a plus in its name, ``gtk+``; ``q`` is there and not
installed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.oracle.opam import Opam
from xpkg.repo.interpolate import Value

GLOBALS: dict[str, Value] = {
    "t": True,
    "f": False,
    "s": "hello",
    "st": "true",
    "sf": "false",
    "empty": "",
    "v": "1.10",
    "w": "1.9~beta",
    "l": ["a", "b"],
    "l1": ["true"],
    "l0": [],
    "nested": "50%%-%{s}%%{u}%",
}
OF_P: dict[str, Value] = {"text": "of p", "yes": True, "no": False, "list": ["x", "y z"], "path": "/a\\b"}
VALUES: dict[str, Value] = {
    **GLOBALS,
    **{f"p:{name}": value for name, value in OF_P.items()},
    "name": "probe",
    "version": "3",
    "_:name": "probe",
    "_:version": "3",
    "p:installed": True,
    "p:name": "p",
    "p:version": "1.2",
    "q:installed": False,
    "q:name": "q",
    "u:installed": False,
    "uu:installed": False,
    "gtk+:installed": True,
    "gtk+:version": "2",
    "gtk:installed": False,
    "with-test": False,
    "with-doc": False,
}
_DUMP = """#!/bin/sh
out=$1
shift
for argument; do printf '%s\\0' "$argument"; done >> "$out"
printf '\\1\\0' >> "$out"
"""


def built(opam: Opam, commands: Sequence[Sequence[str]], place: Path) -> list[list[str]]:
    """What opam passes for each command, whose arguments are given in opam's syntax; ``place`` is a directory."""
    dump, told = place / "dump", place / "told"
    dump.write_text(_DUMP)
    told.unlink(missing_ok=True)
    lines = "\n".join(f'["sh" "{dump}" "{told}" {" ".join(arguments)}]' for arguments in commands)
    probe = f'depends: ["p" "gtk+"]\nbuild: [\n{lines}\n]'
    # In one call: opam would forget the empty list when it writes the switch's variables.
    with _installed(opam, place, "probe", more={"probe.3": probe}):
        pass
    passed = told.read_text("utf-8", "surrogateescape").split("\1\0")
    assert len(passed) == len(commands) + 1
    return [command.split("\0")[:-1] for command in passed[:-1]]


def substituted(opam: Opam, templates: Sequence[str], place: Path) -> list[str]:
    """What opam makes of files with variables, outside of any package."""
    names = [f"t{number}" for number in range(len(templates))]
    for name, template in zip(names, templates, strict=True):
        (place / f"{name}.in").write_text(template, "utf-8", newline="")
    with _installed(opam, place, "p", "gtk+"):
        opam.run("config", "subst", *names, directory=place)
    return [(place / name).read_bytes().decode() for name in names]


@contextmanager
def _installed(opam: Opam, place: Path, *names: str, more: Mapping[str, str] = {}) -> Iterator[None]:
    """Some packages of ``p``, ``q``, ``gtk+`` and ``more`` are installed, until everything is removed."""
    config = place / "p.config"
    config.write_text(f'opam-version: "2.0"\nvariables {{\n{variables_text(OF_P)}\n}}\n')
    packages = {"p.1.2": f'build: ["cp" "{config}" "p.config"]', "q.1": "", "gtk+.2": ""}
    opam.load({**packages, **more}, variables_text(GLOBALS))
    try:
        opam.run("install", *names)
        yield
    finally:
        opam.run("remove", "p", "gtk+", *names, check=False)


def variables_text(values: dict[str, Value]) -> str:
    """Variables as the switch and configurations of packages have them."""
    return "\n".join(f"{name}: {written(value)}" for name, value in values.items())


def written(value: Value) -> str:
    """A value in opam's syntax."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
        case list():
            return f"[{' '.join(map(written, value))}]"
    raise ValueError("undefined")
