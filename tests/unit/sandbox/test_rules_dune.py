"""What dune's two contexts are told."""

from __future__ import annotations

from collections.abc import Callable

from xpkg.sandbox.derive import derive
from xpkg.sandbox.environment import Subject
from xpkg.sandbox.layout import TARGET, TOOLS

DUNE = 'build: ["dune" "build" "-p" name]'


def test_each_context_of_dune_has_the_tools_of_its_own_machine(subject: Callable[..., Subject]) -> None:
    generated = dict(derive(subject(DUNE, cross=True, tools_seen={"dune": "3.17.2"})).generated)
    native, target = generated["findlib.conf"], generated["findlib.conf.d/toy.conf"]
    assert f'CC(env)="{TOOLS}/bin/cc"\n' in native
    assert f'CC(env,toy)="{TARGET}/bin/toy-cc"\n' in target
    assert f'PKG_CONFIG_LIBDIR(env)="{TOOLS}/lib/pkgconfig:{TOOLS}/share/pkgconfig"\n' in native
    assert f'PKG_CONFIG_LIBDIR(env,toy)="{TARGET}/lib/pkgconfig:{TARGET}/share/pkgconfig"\n' in target
    assert 'OCAMLFIND_TOOLCHAIN(env,toy)="toy"\n' in target
    assert "OCAMLFIND_TOOLCHAIN" not in native
    # What a machine has not is empty: the other one's must not show through.
    assert 'RANLIB(env)=""\n' in native
    assert 'LD(env,toy)=""\n' in target


def test_without_a_target_there_is_one_context_only(subject: Callable[..., Subject]) -> None:
    generated = dict(derive(subject(DUNE, tools_seen={"dune": "3.17.2"})).generated)
    assert "(env)" not in generated["findlib.conf"]
