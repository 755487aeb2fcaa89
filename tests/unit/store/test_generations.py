from __future__ import annotations

from dataclasses import replace

import pytest

from xpkg.core.errors import StoreError
from xpkg.sandbox import generations
from xpkg.sandbox.generations import Generation, Installed, Pin, Root, Tree

GOOD = Generation(
    number=3,
    created=1.5,
    targets=("toy",),
    trees=(Tree(name="build", prefix="/p/build"), Tree(name="toy", prefix="/p/toy")),
    roots=(Root(name="app", machine="toy", tree="toy"),),
    installed=(Installed(name="app", version="1.0~rc1+x", machine="toy", key="0a" * 20, tree="toy"),),
    pins=(
        Pin(name="app", version="1.0~rc1+x", address="/src/a b", by="tool"),
        Pin(name="one", version="dev", address="git+https://host.example/x.git#main", commit="0" * 40, recipe="f" * 64),
        Pin(name="two", version="2", address="git+file:///src/x"),
        Pin(name="tool", version="2"),
    ),
    held=(("app", "toy"),),
)


def test_what_is_written_is_read_again() -> None:
    assert generations.decode(generations.encode(GOOD), "x") == GOOD


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"pins": (Pin(name="../x", version="1"),)}, "'../x': a package name has"),
        ({"pins": (Pin(name="x", version="../1"),)}, "'../1': a version has"),
        ({"pins": (Pin(name="x", version="1", by="-x"),)}, "'-x': a package name has"),
        ({"pins": (Pin(name="x", version="1", address="git+ext::sh -c id"),)}, "a command is no address"),
        ({"pins": (Pin(name="x", version="1", address="git+https://-oProxy/x"),)}, "host or path"),
        ({"pins": (Pin(name="x", version="1", address="https://h.example/x.tar"),)}, "neither an absolute path nor"),
        ({"pins": (Pin(name="x", version="1", address="git://h.example/x"),)}, "neither encrypted"),
        ({"pins": (Pin(name="x", version="1", address="/x\0"),)}, "the pin of x"),
        ({"pins": (Pin(name="x", version="1", address="/x", recipe="../../x"),)}, "no commit or kept recipe"),
        ({"pins": (Pin(name="x", version="1", address="git+https://h.example/x", commit="-x"),)}, "no commit or"),
        ({"installed": (replace(GOOD.installed[0], name="a/b"),)}, "'a/b': a package name has"),
        ({"installed": (replace(GOOD.installed[0], version=""),)}, "'': a version has"),
        ({"installed": (replace(GOOD.installed[0], key="../../x"),)}, "'../../x' is no name"),
        ({"installed": (replace(GOOD.installed[0], tree=".."),)}, "'..' is no name"),
        ({"roots": (Root(name="app", machine="../m"),)}, "'../m' is no name"),
        ({"held": (("app", "a/b"),)}, "'a/b' is no name"),
        ({"targets": ("",)}, "'' is no name"),
        ({"trees": (Tree(name="build", prefix="p"),)}, "the prefix 'p' is no absolute path"),
    ],
)
def test_what_no_xpkg_writes_is_damage(wrong: dict[str, object], told: str) -> None:
    data = generations.encode(replace(GOOD, **wrong))  # type: ignore[arg-type]
    with pytest.raises(StoreError, match="the description of a switch is damaged") as caught:
        generations.decode(data, "the file")
    assert caught.value.reference == "switch-damaged"
    assert told in caught.value.message
    assert ("file", "the file") in caught.value.context
