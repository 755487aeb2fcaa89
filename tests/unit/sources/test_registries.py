"""The registries' own clients: reading their configuration, and one small real download of each."""

from __future__ import annotations

import os
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from tests.unit.sources.conftest import Site
from xpkg.core.errors import SyncError, XpkgError
from xpkg.core.paths import StateRoot
from xpkg.repo.extract import extract
from xpkg.repo.source_values import Fetched, Source, Wanted
from xpkg.repo.sources.apt_sources_list import AptSource, private_list, read_deb822, read_one_line
from xpkg.repo.sources.cache import SourceCache
from xpkg.repo.sources.fetch import fetch_all
from xpkg.repo.sources.settings import FetchSettings

ONE_LINE = """\
# deb http://commented.example/debian bookworm main
deb http://mirror.example/debian bookworm main contrib # the mirror
deb [arch=amd64 signed-by=/usr/share/keyrings/a.gpg,/usr/share/keyrings/b.gpg] https://two.example/debian/ trixie main
deb-src http://mirror.example/debian bookworm main
deb http://security.example/debian-security bookworm-security main
deb https://vendor.example/apt cloud-sdk-bookworm main
deb cdrom:[Debian]/ bookworm main
deb http://flat.example/ ./
nonsense
"""

DEB822 = """\
Types: deb deb-src
# a comment inside
URIs: http://mirror.example/debian
  https://two.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
Enabled: no

Types: deb
URIs: http://inline.example/debian
Suites: bookworm
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
 -----END PGP PUBLIC KEY BLOCK-----
"""


def test_one_line_sources() -> None:
    debian = [source for source in read_one_line(ONE_LINE) if source.debian]
    keys = "/usr/share/keyrings/a.gpg /usr/share/keyrings/b.gpg"
    mirror = AptSource(uri="http://mirror.example/debian", suites=("bookworm",), components=("main", "contrib"))
    assert debian == [
        mirror,
        AptSource(uri="https://two.example/debian/", suites=("trixie",), components=("main",), signed_by=keys),
        AptSource(uri="http://mirror.example/debian", suites=("bookworm",), components=("main",)),
    ]
    assert private_list(debian, "deb-src").splitlines() == [
        *(f"deb-src http://mirror.example/debian {suite} main" for suite in ("bookworm", "trixie", "sid")),
        *(
            f"deb-src [signed-by={keys.replace(' ', ',')}] https://two.example/debian/ {suite} main"
            for suite in ("bookworm", "trixie", "sid")
        ),
    ]


def test_deb822_sources() -> None:
    sources = read_deb822(DEB822)
    assert [source.uri for source in sources] == ["http://mirror.example/debian", "https://two.example/debian"]
    assert {source.signed_by for source in sources} == {"/usr/share/keyrings/debian-archive-keyring.gpg"}
    assert all(source.debian for source in sources)


def test_nothing_of_another_archive_gets_into_the_list() -> None:
    assert private_list(read_one_line("deb https://vendor.example/apt stable vendor\n"), "deb") == ""


def test_a_hostile_entry_cannot_add_options() -> None:
    assert read_one_line("deb [signed-by=/a.gpg,x] http://a.example/[trusted=yes] bookworm main") == []
    assert read_deb822("URIs: http://a.example/\nSuites: sid\nComponents: main\nSigned-By: /k.gpg trusted=yes\n") == []


def fetch(root: Path, url: str, environment: dict[str, str] | None = None) -> Fetched:
    wanted = Wanted(label=url, alternatives=(Source(urls=(url,)),), allow_unhashed=True)
    settings = FetchSettings(environment=environment or dict(os.environ), python=sys.executable)
    return fetch_all([wanted], SourceCache(StateRoot(root / "state")), settings=settings)[wanted]


def real(root: Path, url: str) -> Fetched:
    """A download from the registry itself; skipped with the reason where it cannot be reached."""
    try:
        return fetch(root, url)
    except XpkgError as error:
        if error.reference in ("no-network", "missing-system-tool", "no-debian-archive"):
            pytest.skip(f"the registry cannot be asked: {error.message} {error.context}")
        raise


@pytest.mark.parametrize(
    ("url", "member"),
    [
        ("apt:ocaml-csexp/ocaml-csexp_1.5.2.orig.tar.bz2", "dune-project"),
        ("npm:is-number/7.0.0", "package.json"),
        ("pypi:packaging/packaging-24.0-py3-none-any.whl", "packaging"),
        ("pypi:packaging/packaging-24.0.tar.gz", "pyproject.toml"),
    ],
)
def test_a_real_download(tmp_path: Path, url: str, member: str) -> None:
    fetched = real(tmp_path, url)
    extract(fetched.path, tmp_path / "tree")
    assert (tmp_path / "tree" / member).exists()
    assert list((tmp_path / "state" / "cache" / "partial").iterdir()) == []


def pip_environment(tmp_path: Path, **settings: str) -> dict[str, str]:
    """An environment in which pip knows only what the test says."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
    return kept | {"HOME": str(tmp_path), "PIP_CONFIG_FILE": "/dev/null", **settings}


@pytest.mark.parametrize("form", ["html", "json"])
def test_an_sdist_comes_from_the_configured_index_and_is_not_run(tmp_path: Path, site: Site, form: str) -> None:
    data = b"not even an archive"
    page = (
        b'<a href="../../files/thing-1.0.tar.gz#sha256=00">thing-1.0.tar.gz</a>'
        if form == "html"
        else b'{"files": [{"filename": "thing-1.0.tar.gz", "url": "../../files/thing-1.0.tar.gz"}]}'
    )
    site.serve("/simple/thing/", page)
    site.serve("/files/thing-1.0.tar.gz", data)
    environment = pip_environment(tmp_path, PIP_INDEX_URL=f"{site.url}/simple")
    assert fetch(tmp_path, "pypi:thing/thing-1.0.tar.gz", environment).path.read_bytes() == data
    with pytest.raises(SyncError, match="every source failed") as caught:
        fetch(tmp_path, "pypi:other/other-1.0.tar.gz", environment)
    assert "no configured package index lists" in caught.value.context[0][1]


def test_an_index_cannot_name_a_file_of_this_machine(tmp_path: Path, site: Site) -> None:
    secret = tmp_path / "other-1.0.tar.gz"
    secret.write_bytes(b"not even an archive")
    site.serve("/simple/other/", f'<a href="{secret.as_uri()}">other-1.0.tar.gz</a>'.encode())
    with pytest.raises(SyncError) as caught:
        fetch(tmp_path, "pypi:other/other-1.0.tar.gz", pip_environment(tmp_path, PIP_INDEX_URL=f"{site.url}/simple"))
    assert "the package index links to file, which is refused" in caught.value.context[0][1]


@pytest.mark.parametrize(
    "tags", ["py3-none-any", "cp39-abi3-win_amd64", "py3-none-manylinux_2_12_x86_64.musllinux_1_1_x86_64"]
)
def test_a_wheel_for_any_machine_comes_by_pip(tmp_path: Path, tags: str) -> None:
    name = f"thing-1.0-{tags}.whl"
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    with zipfile.ZipFile(shelf / name, "w") as wheel:
        wheel.writestr("thing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
        wheel.writestr("thing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
    environment = pip_environment(tmp_path, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(shelf))
    assert fetch(tmp_path, f"pypi:thing/{name}", environment).path.read_bytes() == (shelf / name).read_bytes()


def fake_npm(tmp_path: Path, script: str) -> dict[str, str]:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "npm").write_text(f"#!/bin/sh\n{script}\n")
    (tools / "npm").chmod(0o755)
    return {"PATH": f"{tools}:/usr/bin:/bin"}


def test_a_clients_last_words_are_passed_on(tmp_path: Path) -> None:
    environment = fake_npm(tmp_path, "echo 'npm error code E404' >&2; exit 1")
    with pytest.raises(SyncError) as caught:
        fetch(tmp_path, "npm:thing/1.0.0", environment)
    assert caught.value.context == (("npm:thing/1.0.0", "npm: npm error code E404"),)
    assert caught.value.reference == "sync"


def test_a_client_without_network_is_no_network(tmp_path: Path) -> None:
    environment = fake_npm(tmp_path, "echo 'npm error code ENOTFOUND' >&2; exit 1")
    with pytest.raises(SyncError) as caught:
        fetch(tmp_path, "npm:thing/1.0.0", environment)
    assert caught.value.reference == "no-network"


def local_archive(tmp_path: Path, etc: str) -> dict[str, str]:
    """An environment in which apt's own configuration is the test's."""
    folder = tmp_path / "etc"
    (folder / "sources.list.d").mkdir(parents=True)
    (folder / "sources.list").write_text(etc)
    (folder / "apt.conf").write_text(f'Dir::Etc "{folder}";\n')
    return dict(os.environ) | {"APT_CONFIG": str(folder / "apt.conf")}


@pytest.mark.skipif(shutil.which("apt-get") is None, reason="this machine has no apt")
def test_a_machine_without_a_debian_archive(tmp_path: Path) -> None:
    with pytest.raises(XpkgError) as caught:
        fetch(
            tmp_path, "apt:thing/thing_1.orig.tar.gz", local_archive(tmp_path, "deb http://v.example/ stable vendor\n")
        )
    assert caught.value.reference == "no-debian-archive"


@pytest.mark.skipif(shutil.which("apt-get") is None, reason="this machine has no apt")
def test_an_archive_that_is_away(tmp_path: Path) -> None:
    listing = "deb http://127.0.0.1:1/debian bookworm main\n"
    with pytest.raises(SyncError) as caught:
        fetch(tmp_path, "apt:thing/thing_1.orig.tar.gz", local_archive(tmp_path, listing))
    assert caught.value.reference == "no-network"
