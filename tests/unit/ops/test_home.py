from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from xpkg.ops.home import Home


def test_looking_at_the_default_switch_does_not_make_it(tmp_path: Path) -> None:
    root = tmp_path / "state"
    assert Home(root).find_switch(make=False).current().installed == ()
    assert not root.exists()


def test_the_default_switch_made_by_several_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: Home(tmp_path / "state").find_switch().current().number, range(8)))
    assert found == [0] * 8
