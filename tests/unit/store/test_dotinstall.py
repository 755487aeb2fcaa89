from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from xpkg.core.errors import BuildError, XpkgError
from xpkg.repo.opamfile.errors import OpamSyntaxError
from xpkg.repo.opamfile.file import parse
from xpkg.repo.targets import Layout
from xpkg.sandbox.dotinstall import install, install_file, placements
from xpkg.sandbox.layout import SOURCE

Read = Callable[[Path], dict[str, bytes | str | None]]
KERNEL = Layout(lib="lib/ocaml/site-lib", stublibs="lib/ocaml/site-lib/stublibs")


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A build tree beside which lie a secret and the user's home."""
    place = tmp_path / "build"
    (place / "_build" / "install").mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "home").mkdir()
    (tmp_path / "prefix").mkdir()
    for name in ("a", "b.1", "META", "_build/real"):
        (place / name).write_text(name)
        (place / name).chmod(0o600)
    return place


def run(build: Path, text: str, layout: Layout | None = None) -> tuple[str, ...]:
    placed = placements(parse(text, "pkg.install"), "pkg", layout or Layout())
    return install(placed, build, build.parent / "prefix", "pkg")


def destinations(text: str, layout: Layout | None = None) -> list[tuple[str, int]]:
    placed = placements(parse(text, "pkg.install"), "pkg", layout or Layout())
    return [(one.destination, one.mode) for one in placed]


def test_every_section_has_its_place_and_mode() -> None:
    names = "lib lib_root libexec libexec_root bin sbin toplevel share share_root etc doc stublibs man"
    text = "".join(f'{section}: ["x/{section}.f"]\n' for section in names.split())
    assert destinations(text) == [
        ("lib/pkg/lib.f", 0o644),
        ("lib/lib_root.f", 0o644),
        ("lib/pkg/libexec.f", 0o755),
        ("lib/libexec_root.f", 0o755),
        ("bin/bin.f", 0o755),
        ("sbin/sbin.f", 0o755),
        ("lib/toplevel/toplevel.f", 0o644),
        ("share/pkg/share.f", 0o644),
        ("share/share_root.f", 0o644),
        ("etc/pkg/etc.f", 0o644),
        ("doc/pkg/doc.f", 0o644),
        ("lib/stublibs/stublibs.f", 0o755),
        ("man/man.f", 0o644),
    ]


def test_a_targets_layout() -> None:
    assert destinations('lib: ["a"] stublibs: ["b.so"] bin: ["c"]', KERNEL) == [
        ("lib/ocaml/site-lib/pkg/a", 0o644),
        ("lib/ocaml/site-lib/stublibs/b.so", 0o755),
        ("bin/c", 0o755),
    ]


def test_of_several_for_one_place_the_last_that_was_built_stays(build: Path) -> None:
    assert run(build, 'bin: ["a" {"tool"} "?b.1" {"tool"} "?absent" {"tool"}]') == ("bin/tool",)
    assert (build.parent / "prefix" / "bin" / "tool").read_text() == "b.1"


def test_dunes_directory_of_a_cross_context_is_the_prefix_itself() -> None:
    text = """
      lib: ["META" {"../../kfreebsd-sysroot/lib/pkg/META"} "dll.so" {"../../kfreebsd-sysroot/lib/stublibs/dll.so"}]
      doc: ["README" {"../../kfreebsd-sysroot/doc/pkg/README"}]
      bin: ["tool" {"../kfreebsd-sysroot/bin/tool"}]"""
    placed = placements(parse(text, "pkg-kfreebsd.install"), "pkg", KERNEL, "kfreebsd-sysroot")
    assert [one.destination for one in placed] == [
        "lib/ocaml/site-lib/pkg/META",
        "lib/ocaml/site-lib/stublibs/dll.so",
        "doc/pkg/README",
        "bin/tool",
    ]


@pytest.mark.parametrize("wanted", ["../../kfreebsd-sysroot/lib/../../../x", "../../../../other-sysroot/lib/x"])
def test_dunes_directory_leads_nowhere_else(wanted: str) -> None:
    with pytest.raises(XpkgError, match="not a file inside the prefix"):
        placements(parse(f'lib: ["a" {{"{wanted}"}}]', "i"), "pkg", Layout(), "kfreebsd-sysroot")


def test_forms_of_entries() -> None:
    text = """opam-version: "2.0"
lib: ["META" "x" {"sub/y"} "?z" {"../other/z"} "w/./v"]
man: ["a.1" "b.3ssl.gz" "c.1" {"man7/c.7"} "README" "d.x1"]
bin: "single"
doc: "one" {"two"}
"""
    assert [place for place, _ in destinations(text)] == [
        "lib/pkg/META",
        "lib/pkg/sub/y",
        "lib/other/z",
        "lib/pkg/v",
        "man/man1/a.1",
        "man/man3/b.3ssl.gz",
        "man/man7/c.7",
        "man/README",
        "man/d.x1",
        "bin/single",
        "doc/pkg/two",
    ]


def test_files_are_installed_with_opams_modes(build: Path, contents: Read) -> None:
    before = os.umask(0o077)
    try:
        done = run(build, 'bin: ["a" {"tool"} "?none"] man: ["b.1"] lib: ["META"]')
    finally:
        os.umask(before)
    assert done == ("bin/tool", "man/man1/b.1", "lib/pkg/META")
    prefix = build.parent / "prefix"
    assert contents(prefix) == {
        "bin": None,
        "bin/tool": b"a",
        "lib": None,
        "lib/pkg": None,
        "lib/pkg/META": b"META",
        "man": None,
        "man/man1": None,
        "man/man1/b.1": b"b.1",
    }
    modes = {path: stat.S_IMODE((prefix / path).stat().st_mode) for path in ("bin", "bin/tool", "lib/pkg/META")}
    assert modes == {"bin": 0o755, "bin/tool": 0o755, "lib/pkg/META": 0o644}


def test_missing_sources_are_all_named_and_nothing_is_installed(build: Path, contents: Read) -> None:
    with pytest.raises(BuildError, match="did not build a file that it is to install: no") as caught:
        run(build, 'bin: ["a" "no" "?maybe"] lib: ["nor"]')
    assert caught.value.reference == "install-source-missing"
    assert caught.value.context == (("missing", "no"), ("missing", "nor"))
    assert contents(build.parent / "prefix") == {}


@pytest.mark.parametrize(
    "entry",
    [
        '"a" {"../../../.bashrc"}',
        '"a" {"../.."}',
        '"a" {".."}',
        '"a" {"/etc/passwd"}',
        '"a" {"x/"}',
        '"a" {"x/../../../../y"}',
        '"a" {"a\\tb"}',
        '".."',
        # The section's own directory, as a file.
        '"a" {""}',
        '"a" {"."}',
        '"a" {"x/.."}',
    ],
)
def test_destinations_outside_the_prefix(build: Path, contents: Read, entry: str) -> None:
    with pytest.raises(OpamSyntaxError) as caught:
        run(build, f"bin: [{entry}]")
    assert "pkg.install" in str(caught.value) + str(caught.value.context)
    assert contents(build.parent / "prefix") == {}


@pytest.mark.parametrize("where", ["lib", "lib/pkg", "lib/pkg/META"])
def test_a_link_planted_by_the_install_commands_is_not_followed(build: Path, contents: Read, where: str) -> None:
    """OSEC-2026-10: the build makes the link, the install file writes through it."""
    link = build.parent / "prefix" / where
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(build.parent / "home")
    with pytest.raises(BuildError) as caught:
        run(build, 'lib: ["META"]')
    assert caught.value.reference == "bad-install-file"
    assert contents(build.parent / "home") == {}


@pytest.mark.parametrize(
    "source", ["../secret", "/etc/passwd", "out", "far", "through/secret", "loop", "deep/../../secret"]
)
def test_sources_outside_the_build_tree(build: Path, contents: Read, source: str) -> None:
    (build / "out").symlink_to("../secret")
    (build / "far").symlink_to(build.parent / "secret")
    (build / "through").symlink_to("..")
    (build / "loop").symlink_to("loop")
    (build / "deep").mkdir()
    for optional in ("", "?"):
        with pytest.raises(BuildError) as caught:
            run(build, f'bin: ["{optional}{source}" {{"x"}}]')
        assert caught.value.reference == "bad-install-file"
    assert contents(build.parent / "prefix") == {}


def test_links_inside_the_build_tree_are_followed(build: Path) -> None:
    (build / "_build/install/relative").symlink_to("../real")
    (build / "_build/install/absolute").symlink_to(f"{SOURCE}/_build/real")
    (build / "_build/install/chain").symlink_to("absolute")
    (build / "dir").symlink_to("_build/install")
    run(build, 'lib: ["_build/install/relative" "_build/install/absolute" "dir/chain"]')
    for name in ("relative", "absolute", "chain"):
        path = build.parent / "prefix/lib/pkg" / name
        assert path.read_text() == "_build/real"
        assert not path.is_symlink()


def test_a_file_there_already_is_replaced_not_written_into(build: Path) -> None:
    there = build.parent / "prefix/bin/a"
    there.parent.mkdir()
    os.link(build.parent / "secret", there)
    run(build, 'bin: ["a"]')
    assert there.read_text() == "a"
    assert (build.parent / "secret").read_text() == "secret"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('misc: ["a" {"/etc/x"}]', "misc installs outside the prefix"),
        ('lib_foo: ["a"]', "unknown section lib_foo"),
        ('lib { x: "a" }', "unknown section"),
        ("lib: [a]", "a file to install is"),
        ('lib: ["a" {"b" "c"}]', "a file to install is"),
        ('lib: ["?"]', "is empty"),
        ('lib: ["a"', "never closed"),
    ],
)
def test_install_files_that_say_something_else(build: Path, text: str, said: str) -> None:
    with pytest.raises(XpkgError, match=said):
        run(build, text)


@pytest.mark.parametrize("wanted", ["..", "../.", "a/../.."])
def test_no_directory_of_the_prefix_is_replaced_by_a_file(build: Path, contents: Read, wanted: str) -> None:
    with pytest.raises(OpamSyntaxError, match="not a file inside the prefix"):
        run(build, f'lib: ["a" {{"{wanted}"}}]')
    assert contents(build.parent / "prefix") == {}


def test_a_file_that_another_needs_as_a_directory(build: Path) -> None:
    with pytest.raises(BuildError, match="not a directory"):
        run(build, 'lib: ["a" {"x"} "b.1" {"x/y"}]')
    with pytest.raises(BuildError, match="is no file"):
        run(build, 'lib: ["a" {"z/y"} "b.1" {"z"}]')


def test_a_directory_is_no_file_to_install(build: Path) -> None:
    with pytest.raises(BuildError, match="it is a directory"):
        run(build, 'lib: ["_build"]')


def test_the_same_entry_twice_is_one(build: Path) -> None:
    assert run(build, 'lib: ["a" "a"]') == ("lib/pkg/a",)


@pytest.mark.parametrize("optional", ["", "?"])
def test_a_pipe_is_no_file_to_install_and_is_not_waited_for(build: Path, contents: Read, optional: str) -> None:
    os.mkfifo(build / "pipe")
    with pytest.raises(BuildError, match="pipe: it is a named pipe; an install file lists files"):
        run(build, f'lib: ["a" "{optional}pipe"]')
    assert contents(build.parent / "prefix") == {}


def test_the_install_file_is_the_first_that_is_there(build: Path) -> None:
    assert install_file(["pkg-t.install", "pkg.install"], build, "pkg") is None
    (build / "pkg.install").symlink_to(f"{SOURCE}/a")
    assert install_file(["pkg-t.install", "pkg.install"], build, "pkg") == build / "pkg.install"
    (build / "pkg-t.install").write_text("")
    assert install_file(["pkg-t.install", "pkg.install"], build, "pkg") == build / "pkg-t.install"


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ("mkfifo pkg.install", "it is a named pipe, not a file"),
        ("mkdir pkg.install", "it is a directory, not a file"),
        ("ln -s pkg.install pkg.install", "it is part of a loop of links"),
        ("ln -s gone pkg.install", "it is a link to what is not there: gone"),
        ("ln -s _build pkg.install", "it is a directory, not a file"),
        ("ln -s ../secret pkg.install", "it is outside the build tree"),
        ("ln -s a/b pkg.install", "it is a link to what is not there: a/b"),
    ],
)
def test_what_is_in_the_place_of_an_install_file_and_is_none_is_not_passed_over(
    build: Path, made: str, said: str
) -> None:
    subprocess.run(made.split(), cwd=build, check=True)
    with pytest.raises(BuildError, match=f"pkg.install: {said}") as caught:
        install_file(["pkg.install"], build, "pkg")
    assert caught.value.reference == "bad-install-file"
