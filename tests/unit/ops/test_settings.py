"""The settings file: written and read back, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xpkg.core.errors import InputFileError, UsageError
from xpkg.ops.settings import RepositorySettings, Settings, check_repository_name, load, save

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,20}", fullmatch=True)
REPOSITORIES = st.builds(
    RepositorySettings,
    name=NAMES,
    address=st.text(st.characters(exclude_categories=["Cs"])),
    exclusive=st.booleans(),
)


@given(kept=st.builds(Settings, switch=NAMES, repositories=st.lists(REPOSITORIES, max_size=4).map(tuple)))
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
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(InputFileError) as caught:
        load(path)
    assert caught.value.reference == "bad-settings"
    assert caught.value.context == (("file", str(path)),)


def test_repositories_are_added_in_front_or_behind() -> None:
    one, two, three = (RepositorySettings(name=name, address="/x") for name in ("one", "two", "three"))
    kept = Settings().with_repository(one).with_repository(two).with_repository(three, first=False)
    assert [each.name for each in kept.repositories] == ["two", "one", "three"]
    assert kept.without_repository("one").repositories == (two, three)
    for name in ("one", "xpkg"):
        with pytest.raises(UsageError):
            kept.with_repository(RepositorySettings(name=name, address="/y"))


@pytest.mark.parametrize("name", ["", ".", "..", "-x", "a/b", "a b", "a\n", "a\0", "é", "x" * 65])
def test_names_that_are_no_directories(name: str) -> None:
    with pytest.raises(UsageError):
        check_repository_name(name)
