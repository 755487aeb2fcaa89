"""The merged view of a build, mounted for real."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from xpkg.core.errors import ConfigurationError
from xpkg.core.paths import StateRoot
from xpkg.sandbox.isolation import MAX_LAYERS, Bubblewrap, View
from xpkg.sandbox.layout import TARGET, TOOLS
from xpkg.sandbox.system_programs import gathered
from xpkg.sandbox.system_tools import locate


def layers(place: Path, count: int) -> tuple[Path, ...]:
    made = [place / f"output-with-a-long-name-{number}" for number in range(count)]
    for number, layer in enumerate(made):
        layer.mkdir(parents=True)
        (layer / f"file{number}").write_text(f"{number}\n", "utf-8")
    return tuple(made)


@pytest.fixture
def view(tmp_path: Path) -> View:
    for name in ("scratch", "src", "etc", "output"):
        (tmp_path / name).mkdir()
    return View(
        scratch=tmp_path / "scratch",
        source=tmp_path / "src",
        generated=tmp_path / "etc",
        output=tmp_path / "output",
        tools=layers(tmp_path / "tools", MAX_LAYERS),
        target=layers(tmp_path / "target", MAX_LAYERS),
        programs=gathered(StateRoot(tmp_path / "state"), locate({})),
    )


def test_the_most_dependencies_there_can_be(view: View, tmp_path: Path) -> None:
    last = MAX_LAYERS - 1
    script = f"cat {TOOLS}/file0 {TOOLS}/file{last} {TARGET}/file{last} && ls {TARGET} | wc -l && touch {TARGET}/new"
    finished = Bubblewrap().run(view, ["sh", "-c", script], {"PATH": "/usr/bin"}, log=tmp_path / "log")
    assert (tmp_path / "log").read_text("utf-8") == f"0\n{last}\n{last}\n{MAX_LAYERS}\n"
    assert finished.status == 0
    assert (tmp_path / "output" / "new").is_file()


def test_one_more_is_refused_by_its_name(view: View, tmp_path: Path) -> None:
    for more in (replace(view, tools=(*view.tools, tmp_path)), replace(view, target=(*view.tools, tmp_path))):
        with pytest.raises(ConfigurationError, match=r"499 dependencies") as caught:
            Bubblewrap().run(more, ["true"], {}, log=tmp_path / "log")
        assert caught.value.reference == "too-many-dependencies"
