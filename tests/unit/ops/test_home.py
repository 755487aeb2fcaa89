from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from xpkg.ops.home import Home
from xpkg.ops.settings import RepositorySettings


def test_looking_at_the_default_switch_does_not_make_it(tmp_path: Path) -> None:
    root = tmp_path / "state"
    assert Home(root).find_switch(make=False).current().installed == ()
    assert not root.exists()


def test_the_default_switch_made_by_several_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: Home(tmp_path / "state").find_switch().current().number, range(8)))
    assert found == [0] * 8


def test_settings_changed_by_several_at_once_keep_every_change(tmp_path: Path) -> None:
    homes = [Home(tmp_path) for _ in range(16)]
    for home in homes:
        assert home.settings.repositories == ()  # read before any of the others changes them
    names = [f"r{number}" for number in range(16)]

    def add(home: Home, name: str) -> None:
        home.change_settings(lambda now: now.with_repository(RepositorySettings(name=name, address="/x")))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(add, homes, names))
    assert sorted(one.name for one in Home(tmp_path).settings.repositories) == sorted(names)


def test_a_reader_stays_with_the_copy_it_began_with(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (home.root.repositories / "far@1").mkdir(parents=True)
    link = home.root.repositories / "far"
    link.symlink_to("far@1")
    assert home.repository_root("far", "https://x.example/far") == home.root.repositories / "far@1"
    assert home.repository_root("never-fetched", "https://x.example/far") == home.root.repositories / "never-fetched"


def test_a_directory_is_one_whatever_its_name(tmp_path: Path) -> None:
    """As `xpkg.ops.repositories` sees it, which does not fetch it."""
    named = tmp_path / "git+x:" / "r"
    (named / "packages" / "a" / "a.1").mkdir(parents=True)
    (named / "packages" / "a" / "a.1" / "opam").write_text('opam-version: "2.0"\n')
    address = str(named).replace("git+x:/r", "git+x://r")
    home = Home(tmp_path / "state")
    home.change_settings(lambda now: now.with_repository(RepositorySettings(name="odd", address=address)))
    assert home.repository_root("odd", address) == named
    assert home.repositories[0].names() == ("a",)
