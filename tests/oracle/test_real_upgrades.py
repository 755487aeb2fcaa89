"""The same commands over a part of the public repository: some hundred names with all their versions.

The states to start from are what opam itself would have installed, old sets under an old compiler and new ones.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.oracle.cudf import Cudf, State
from tests.oracle.opam import Opam
from tests.oracle.ours import Ours
from tests.oracle.switches import SwitchOfOpam
from xpkg.repo.version_order import version_key

SETS = ("cohttp-lwt-unix", "odoc", "menhir", "ppx_deriving", "yojson", "js_of_ocaml", "core")

# What older versions of these need, too.
MORE = {
    "base-bytes",
    "bigarray-compat",
    "biniou",
    "cppo_ocamlbuild",
    "easy-format",
    "fieldslib",
    "jbuilder",
    "jsonm",
    "mmap",
    "ocaml-migrate-parsetree",
    "ocaml-secondary-compiler",
    "ocamlbuild",
    "ppx_derivers",
    "ppx_fields_conv",
    "ppx_tools",
    "ppx_tools_versioned",
    "result",
    "seq",
    "sexplib",
    "stdlib-shims",
    "uchar",
    "uutf",
}

OLD = (
    "ocaml-base-compiler.4.14.1",
    "lwt<5.6",
    "cmdliner<1.1",
    "ppxlib<0.26",
    "dune<3.5",
    "yojson<2",
    "menhir.20211230",
)
OLD_WEB = ("ocaml-base-compiler.4.14.2", "cohttp-lwt-unix<5.2", "dune<3.9", "ppx_deriving<5.3", "uri<4.3")
NEW = ("ocaml-base-compiler.5.2.1", "odoc", "core", "menhir")

COMMANDS = {
    OLD: (
        ("upgrade",),
        ("upgrade", "lwt"),
        ("remove", "dune"),
        ("remove", "-a", "ppxlib"),
        ("install", "odoc"),
        ("install", "lwt", "uri", "re"),
        ("install", "ocaml-base-compiler.5.1.1"),
        ("install", "core", "js_of_ocaml"),
    ),
    OLD_WEB: (
        ("upgrade",),
        ("upgrade", "cohttp-lwt-unix"),
        ("remove", "conduit"),
        ("install", "lwt<5.7"),
        ("install", "ocaml.5.2.1"),
        ("reinstall", "lwt"),
    ),
    NEW: (
        ("upgrade",),
        ("remove", "base"),
        ("remove", "-a", "core", "odoc"),
        ("install", "ocaml.4.14.2"),
        ("install", "lwt<5.7", "js_of_ocaml"),
        ("install", "cohttp-lwt-unix<6"),
    ),
}


def _slice(opam: Opam, archive: Path, place: Path) -> None:
    """Leave in the repository only what the sets name, and of versions that are equal only one."""
    solutions = json.loads((archive.parent / "opam-solutions.json").read_text("utf-8"))
    wanted = {package.partition(".")[0] for name in SETS for package in solutions[name]} | MORE
    whole = opam.unpack(archive)
    for name in sorted(wanted & {one.name for one in (whole / "packages").iterdir()}):
        known = set()
        for directory in sorted((whole / "packages" / name).iterdir()):
            order = version_key(directory.name.partition(".")[2])
            deprecated = "deprecated" in (directory / "opam").read_text("utf-8")  # opam 2.1 knows no such flag
            if order not in known and not deprecated:
                known.add(order)
                shutil.copytree(directory, place / "packages" / name / directory.name)
    opam.load({})
    shutil.rmtree(opam.repository / "packages", ignore_errors=True)
    opam.repository.mkdir(exist_ok=True)
    shutil.move(str(place / "packages"), opam.repository / "packages")


def _differences(cudf: Cudf, theirs: SwitchOfOpam, ours: Ours, before: State, command: tuple[str, ...]) -> str:
    """Nothing where our answer is right and no worse than opam's."""
    roots = [name for name in before if name in _roots(before)]
    answer = theirs.ask(*command)
    mine = ours.ask(command, before, roots)
    if mine is None or answer.after is None:
        return "" if mine is None and answer.after is None else f"{command}: ours {mine}, opam's {answer.after}"
    if wrong := cudf.broken(mine):
        return f"{command}: ours breaks {wrong}"
    assert cudf.broken(answer.after) == []
    if "-a" in command:  # both may leave different things behind that nobody needs
        kept = [name for name in roots if name in answer.after]
        return "" if all(mine.get(name) == answer.after[name] for name in kept) else f"{command}: other roots are left"
    cost, least = (
        cudf.cost(answer.criteria, before, state, answer.mentioned) if answer.criteria else ()
        for state in (mine, answer.after)
    )
    if cost == least or (cost < least and not answer.allows(before, mine, cudf)):
        return ""
    return f"{command}: ours costs {cost}, opam's {least}; {sorted(set(mine.items()) ^ set(answer.after.items()))}"


def _roots(state: State) -> frozenset[str]:
    return frozenset(state) & {
        "ocaml-base-compiler",
        "lwt",
        "cmdliner",
        "dune",
        "cohttp-lwt-unix",
        "uri",
        "odoc",
        "core",
        "menhir",
        "yojson",
    }


@pytest.mark.timeout(600)
def test_sets_of_the_public_repository(opam: Opam, universe_archive: Path, tmp_path: Path) -> None:
    _slice(opam, universe_archive, tmp_path)
    switch = SwitchOfOpam(opam)
    variables = opam.variables()
    wrong = []
    for asked, commands in COMMANDS.items():
        switch.become({}, ())
        start = switch.ask("install", *asked)
        before = start.after
        assert before, start.said
        switch.become(before, sorted(_roots(before)))
        cudf = switch.cudf()
        assert cudf.broken(before) == []
        ours = Ours(opam.repository, variables=variables)
        wrong += [story for one in commands if (story := _differences(cudf, switch, ours, before, one))]
    assert wrong == []
