"""Configuration of build tools, read back by what reads it."""

from __future__ import annotations

from xpkg.sandbox import toolfiles


def test_findlib() -> None:
    text = toolfiles.findlib_conf(prefix="/p", library="lib")
    assert text.splitlines() == [
        'path="/p/lib:/p/lib/ocaml"',
        'destdir="/p/lib"',
        'stdlib="/p/lib/ocaml"',
        'ldconf="ignore"',
        'ocamlc="/p/bin/ocamlc"',
        'ocamlopt="/p/bin/ocamlopt"',
        'ocamldep="/p/bin/ocamldep"',
        'ocamlmklib="/p/bin/ocamlmklib"',
    ]


def test_a_findlib_toolchain_names_it_on_every_line() -> None:
    text = toolfiles.findlib_toolchain_conf(
        name="toy", prefix="/p", library="lib/ocaml/site-lib", commands="bin", tools="/t"
    )
    # Scripts in OCaml run on the build machine.
    assert 'ocaml(toy)="/t/bin/ocaml"' in text
    assert all("(toy)=" in line for line in text.splitlines())
    assert 'destdir(toy)="/p/lib/ocaml/site-lib"' in text
