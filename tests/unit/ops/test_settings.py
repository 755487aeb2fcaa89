"""The settings file: written and read back, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xpkg.core.errors import InputFileError, NotFoundError, UsageError
from xpkg.ops.settings import LAST, Place, RepositorySettings, Settings, check_repository, load, save

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,20}", fullmatch=True).filter(
    lambda name: name != "xpkg" and not name.endswith(".index")
)
REPOSITORIES = st.builds(
    RepositorySettings,
    name=NAMES,
    address=st.text(st.characters(exclude_categories=["Cs"])).map(lambda text: f"git+{text}"),
    exclusive=st.booleans(),
    commit=st.none() | st.just("0123456789" * 4),
    names=st.lists(st.from_regex(r"[a-z*?-]{1,9}", fullmatch=True), max_size=3).map(tuple),
)


@given(
    kept=st.builds(
        Settings,
        switch=NAMES,
        repositories=st.lists(REPOSITORIES, max_size=4, unique_by=lambda one: one.name).map(tuple),
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
def test_what_is_saved_is_loaded(tmp_path: Path, kept: Settings) -> None:
    path = tmp_path / "deep" / "settings.toml"
    save(path, kept)
    assert load(path) == kept
    assert [one.name for one in path.parent.iterdir()] == ["settings.toml"]


def test_without_a_file_there_are_defaults(tmp_path: Path) -> None:
    assert load(tmp_path / "settings.toml") == Settings()


@pytest.mark.parametrize(
    "text",
    [
        "switch = 1",
        "switch = ",
        "colour = 'red'",
        "repository = 'x'",
        "repository = ['x']",
        "[[repository]]\nname = 'x'",
        "[[repository]]\nname = 'x'\naddress = 1",
        "[[repository]]\nname = 'x'\naddress = 'y'\nexclusive = 'yes'",
        "[[repository]]\nname = 'x'\naddress = 'y'\nother = 1",
        "[[repository]]\nname = '../x'\naddress = 'https://y'",
        "[[repository]]\nname = 'xpkg'\naddress = '/y'",
        "[[repository]]\nname = 'x'\naddress = '/y'\n[[repository]]\nname = 'x'\naddress = '/z'",
        "[[repository]]\nname = 'x'\naddress = 'git+file:///y'\ncommit = 'main'",
        "[[repository]]\nname = 'x'\naddress = 'git+file:///y'\ncommit = 1",
        "[[repository]]\nname = 'x'\naddress = '/y'\ncommit = '0123456789012345678901234567890123456789'",
        "[[repository]]\nname = 'x'\naddress = '/y'\nnames = 'conf-*'",
        "[[repository]]\nname = 'x'\naddress = '/y'\nnames = ['a/b']",
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(InputFileError) as caught:
        load(path)
    assert caught.value.reference == "bad-settings"
    assert caught.value.context == (("file", str(path)),)


def named(*names: str) -> list[RepositorySettings]:
    return [RepositorySettings(name=name, address="/x") for name in names]


def order(kept: Settings) -> str:
    return " ".join(one.name for one in kept.repositories)


def test_repositories_are_added_in_front_or_behind() -> None:
    one, two, three = named("one", "two", "three")
    kept = Settings().with_repository(one).with_repository(two).with_repository(three, LAST)
    assert order(kept) == "two one three"
    assert kept.without_repository("one").repositories == (two, three)
    for name in ("one", "xpkg"):
        with pytest.raises(UsageError):
            kept.with_repository(RepositorySettings(name=name, address="/y"))


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (Place(rank=1), "new a b c"),
        (Place(rank=2), "a new b c"),
        (Place(rank=9), "a b c new"),
        (Place(rank=-1), "a b c new"),
        (Place(rank=-2), "a b new c"),
        (Place(rank=-9), "new a b c"),
        (Place(before="c"), "a b new c"),
        (Place(before="xpkg"), "a b c new"),
    ],
)
def test_places_in_the_list(place: Place, expected: str) -> None:
    *others, new = named("a", "b", "c", "new")
    kept = Settings(repositories=tuple(others))
    assert order(kept.with_repository(new, place)) == expected
    assert order(Settings(repositories=(*others, new)).with_changed(new, place)) == expected


def test_a_place_before_nothing() -> None:
    one, two = named("one", "two")
    for before in ("none", "two"):
        with pytest.raises(NotFoundError):
            Settings(repositories=(one,)).with_repository(two, Place(before=before))


def test_a_change_keeps_the_place() -> None:
    a, b, c = named("a", "b", "c")
    changed = RepositorySettings(name="b", address="/y", names=("conf-*",))
    assert Settings(repositories=(a, b, c)).with_changed(changed).repositories == (a, changed, c)


@pytest.mark.parametrize("name", ["", ".", "..", "-x", "a/b", "a b", "a\n", "a\0", "é", "x" * 65, "xpkg", "a.index"])
def test_names_that_are_no_directories(name: str) -> None:
    with pytest.raises(UsageError):
        check_repository(RepositorySettings(name=name, address="/x"))
