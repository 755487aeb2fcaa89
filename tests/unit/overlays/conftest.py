"""Repositories with overlays, written down in a few lines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from xpkg.repo.repository import Repository

LWT = """opam-version: "2.0"
synopsis: "Promises and event-driven I/O"
depends: [
  "dune" {>= "2.7"}
  "ocaml" {>= "4.08" & < "5.5"} # tried with these
  "cppo" {build & >= "1.1.0"}
  "odoc" {with-doc & >= "2.3.0"}
  "dune-configurator"
  "ocplib-endian"
]
depopts: ["base-threads" "base-unix" "conf-libev"]
build: [
  ["dune" "subst"] {dev}
  [
    "dune"
    "exec"
    "-p"
    name
    "src/unix/config/discover.exe"
    "--"
    "--save"
    "--use-libev" "%{conf-libev:installed}%"
  ]
  ["dune" "build" "-p" name "-j" jobs "@install"]
]
url {
  src: "https://example.org/lwt.tar.gz"
  checksum: [
    "sha256=0000000000000000000000000000000000000000000000000000000000000001"
  ]
}
"""
"""The form of a public recipe."""


class Place:
    """A directory with repositories, each made of files given by path."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def repository(
        self,
        name: str,
        files: Mapping[str, str],
        *,
        priority: int = 0,
        exclusive: bool = False,
        names: tuple[str, ...] = (),
        shipped: bool = False,
    ) -> Repository:
        root = self.root / name
        (root / "packages").mkdir(parents=True)
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, "utf-8")
        return Repository(name=name, root=root, priority=priority, exclusive=exclusive, names=names, shipped=shipped)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def recipe(package: str, text: str = 'opam-version: "2.0"\n') -> dict[str, str]:
    """The file of one recipe."""
    return {f"packages/{package.partition('.')[0]}/{package}/opam": text}


def overlay(inside: str, reason: str = "it is so") -> str:
    """A file with one overlay."""
    return f'opam-version: "2.0"\noverlay "{reason}" {{\n{inside}\n}}\n'
