from __future__ import annotations

import errno
import os
import stat
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from xpkg.core.errors import ConfigurationError, StoreError
from xpkg.sandbox.layout import TARGET, TOOLS
from xpkg.sandbox.prefix import Earlier, compose, verify
from xpkg.sandbox.sealed import Difference
from xpkg.sandbox.store import Store, StoredOutput

Content = bytes | str | None
Make = Callable[..., StoredOutput]
Read = Callable[[Path], dict[str, Content]]
T, U = TOOLS.encode(), TARGET.encode()
REAL = {TOOLS: "/opt/tools", TARGET: "/usr/local/okaml"}
A: Mapping[str, Content] = {
    "bin/prog": b"\x7fELF\0" + U + b"/lib\0" + T + b"\0",
    "lib/a/META": b'directory = "' + U + b'/lib/a"\n',
    "lib/a/a.cma": b"\0plain",
    "lib/tool": f"{TOOLS}/bin/x",
}
B: Mapping[str, Content] = {"lib/b/b.cma": b"b", "lib/a/extra": b"e", "share/empty": None, "lib/l": "a"}


def test_outputs_are_merged_and_their_references_rewritten(
    store: Store, make: Make, tmp_path: Path, contents: Read
) -> None:
    outputs = [make("a", A), make("b", B)]
    done = compose(outputs, tmp_path / "p", REAL)
    assert (done.files, done.copied, set(done.rewritten)) == (5, 0, {"bin/prog", "lib/a/META"})
    slashes = b"/" * (160 - len("/usr/local/okaml"))
    assert contents(tmp_path / "p") == {
        "bin": None,
        "bin/prog": b"\x7fELF\0/usr/local/okaml" + slashes + b"/lib\0/opt/tools".ljust(165, b"/") + b"\0",
        "lib": None,
        "lib/a": None,
        "lib/a/META": b'directory = "/usr/local/okaml/lib/a"\n',
        "lib/a/a.cma": b"\0plain",
        "lib/a/extra": b"e",
        "lib/b": None,
        "lib/b/b.cma": b"b",
        "lib/l": "a",
        "lib/tool": "/opt/tools/bin/x",
        "share": None,
        "share/empty": None,
    }
    assert verify(outputs, tmp_path / "p", REAL) == ()


def test_links_for_what_stays_copies_for_what_changes(store: Store, make: Make, tmp_path: Path) -> None:
    output = make("a", A)
    compose([output], tmp_path / "p", REAL)
    for path, same in (("lib/a/a.cma", True), ("bin/prog", False), ("lib/a/META", False)):
        assert (tmp_path / "p" / path).samefile(output.files / path) is same
        status = (tmp_path / "p" / path).stat()
        assert stat.S_IMODE(status.st_mode) == (0o555 if path == "bin/prog" else 0o444)
        assert status.st_mtime == 1
    assert store.verify("a") == ()


def test_without_a_mapping_everything_is_linked(store: Store, make: Make, tmp_path: Path) -> None:
    output = make("a", A)
    for number, mapping in enumerate(({}, {TOOLS: TOOLS, TARGET: TARGET})):
        assert compose([output], tmp_path / str(number), mapping).rewritten == ()
        assert (tmp_path / str(number) / "bin/prog").samefile(output.files / "bin/prog")
        assert os.readlink(tmp_path / str(number) / "lib/tool") == f"{TOOLS}/bin/x"


@pytest.mark.parametrize(
    ("other", "path", "kinds"),
    [
        ({"lib/a/META": b"other"}, "lib/a/META", ("file", "file")),
        ({"lib/a/META": b'directory = "' + U + b'/lib/a"\n'}, "lib/a/META", ("file", "file")),
        ({"lib/a": b"file"}, "lib/a", ("directory", "file")),
        ({"lib/a": "elsewhere", "lib/elsewhere": b""}, "lib/a", ("directory", "link")),
        ({"bin/prog/x": b""}, "bin/prog", ("file", "directory")),
        ({"lib/tool": f"{TOOLS}/bin/x"}, "lib/tool", ("link", "link")),
    ],
)
def test_two_owners_of_a_path_are_found_before_anything_is_written(
    make: Make, tmp_path: Path, other: Mapping[str, Content], path: str, kinds: tuple[str, str]
) -> None:
    outputs = [make("k1", A, name="esp32-idf"), make("k2", other, name="sdk")]
    with pytest.raises(StoreError) as caught:
        compose(outputs, tmp_path / "p", REAL)
    assert caught.value.reference == "file-conflict"
    owners = f"esp32-idf.1.0 ({kinds[0]}) and sdk.1.0 ({kinds[1]})"
    assert str(caught.value) == f"two packages own {path}: {owners}"
    assert caught.value.context == ((path, owners),)
    assert not (tmp_path / "p").exists()


def test_a_reference_to_a_prefix_that_is_not_there(make: Make, tmp_path: Path) -> None:
    output = make("a", A)
    with pytest.raises(StoreError, match="refers to the target prefix") as caught:
        compose([output], tmp_path / "p", {TOOLS: "/opt/tools"})
    assert caught.value.reference == "unmapped-reference"
    assert not (tmp_path / "p").exists()


def test_a_destination_with_files_is_left_alone(make: Make, tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "mine").write_bytes(b"mine")
    with pytest.raises(StoreError, match="not empty"):
        compose([make("a", A)], tmp_path / "p", REAL)
    assert os.listdir(tmp_path / "p") == ["mine"]


def test_an_empty_destination_is_used_and_no_outputs_leave_it_empty(make: Make, tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    assert compose([], tmp_path / "p", REAL).files == 0
    assert os.listdir(tmp_path / "p") == []
    assert compose([make("a", A)], tmp_path / "p", REAL).files == 3


def test_after_an_error_nothing_is_left(store: Store, make: Make, tmp_path: Path) -> None:
    output = make("a", A)
    (output.files / "bin/prog").chmod(0o644)
    (output.files / "bin/prog").write_bytes(b"\x7fELF\0" + b"x" * 400)  # a user edited the store
    with pytest.raises(StoreError, match="no reference at byte 170") as caught:
        compose([output], tmp_path / "p", REAL)
    assert caught.value.reference == "store-damaged"
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EMLINK])
def test_files_are_copied_where_they_cannot_be_linked(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    outputs = [make("a", {"bin/x": b"program", "lib/y": b"library", "lib/z": b""})]
    real_link = os.link

    def refuse_the_first(source: str, target: str) -> None:
        if target.endswith("bin/x"):
            raise OSError(number, os.strerror(number))
        real_link(source, target)

    monkeypatch.setattr(os, "link", refuse_the_first)
    done = compose(outputs, tmp_path / "p", REAL)
    # Another file system refuses every link; a file with too many of them only its own.
    assert done.copied == (3 if number == errno.EXDEV else 1)
    assert not (tmp_path / "p/bin/x").samefile(outputs[0].files / "bin/x")
    assert verify(outputs, tmp_path / "p", REAL) == ()


def test_a_prefix_on_another_file_system(make: Make) -> None:
    shared = Path("/dev/shm")
    output = make("a", A)
    if not os.access(shared, os.W_OK) or shared.stat().st_dev == output.path.stat().st_dev:
        pytest.skip("no second file system")
    place = shared / f"xpkg-test-{os.getpid()}"
    try:
        assert compose([output], place, REAL).copied == 1
        assert verify([output], place, REAL) == ()
    finally:
        subprocess.run(["rm", "-rf", place], check=True)


def test_verify_names_what_was_changed(make: Make, tmp_path: Path) -> None:
    outputs = [make("a", A), make("b", B)]
    place = tmp_path / "p"
    compose(outputs, place, REAL)
    (place / "lib/a/META").chmod(0o644)
    (place / "lib/a/META").write_bytes(b"changed")
    (place / "lib/tool").unlink()
    (place / "lib/b/b.cma").unlink()
    (place / "lib/mine").mkdir()
    (place / "lib/mine/x").write_bytes(b"")
    (place / "lib/l").unlink()
    (place / "lib/l").symlink_to("b")
    assert set(verify(outputs, place, REAL)) == {
        Difference(path="lib/a/META", problem="has another content (package a.1.0)"),
        Difference(path="lib/tool", problem="is missing or is not a symbolic link (package a.1.0)"),
        Difference(path="lib/b/b.cma", problem="is missing (package b.1.0)"),
        Difference(path="lib/l", problem="points elsewhere (package b.1.0)"),
        Difference(path="lib/mine", problem="belongs to no package"),
        Difference(path="lib/mine/x", problem="belongs to no package"),
    }


@pytest.mark.parametrize(
    ("prefix", "reference"),
    [
        ("/" + "x" * 160, "prefix-too-long"),
        ("relative", "prefix-relative"),
        ("/a/../b", "prefix-relative"),
        ("/a/", "prefix-relative"),
        ("//a", "prefix-relative"),
        ("/", "prefix-relative"),
        ("/my dir/x", "prefix-characters"),
        ("/a\nb", "prefix-characters"),
        ("/a:b", "prefix-characters"),
        ('/a"b', "prefix-characters"),
        ("/a\udcff", "prefix-characters"),
        ("/a\u202eb", "prefix-characters"),
    ],
)
def test_prefixes_that_cannot_be(tmp_path: Path, prefix: str, reference: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        compose([], tmp_path / "p", {TARGET: prefix})
    assert caught.value.reference == reference
    assert ("prefix", prefix) in caught.value.context


def test_the_longest_prefix_and_one_in_another_script(make: Make, tmp_path: Path) -> None:
    output = make("a", A)
    for number, prefix in enumerate(("/" + "x" * 159, "/opt/ключ")):
        compose([output], tmp_path / str(number), {TOOLS: "/t", TARGET: prefix})
        data = (tmp_path / str(number) / "bin/prog").read_bytes()
        assert len(data) == len(A["bin/prog"] or b"")
        assert data[5:165] == prefix.encode().ljust(160, b"/")
    with pytest.raises(ConfigurationError, match="162 bytes long; the limit is 160"):
        compose([], tmp_path / "long", {TARGET: "/x" + "ж" * 80})


def test_the_umask_does_not_matter(make: Make, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        output = make("a", A)
        compose([output], tmp_path / "p", REAL)
    finally:
        os.umask(before)
    for base in (output.path, output.files, tmp_path / "p"):
        for path in (base, *base.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                assert stat.S_IMODE(path.stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "p/bin/prog").stat().st_mode) == 0o555


def test_a_rewritten_script_runs(make: Make, tmp_path: Path) -> None:
    """Linux takes the padded path of an interpreter."""
    script = b"#!" + U + b"/bin/sh\necho $0 runs\n\xff"  # not text: padded
    compose([make("a", {"bin/s": script})], tmp_path / "p", {TARGET: "/usr"})
    assert (tmp_path / "p/bin/s").read_bytes().startswith(b"#!/usr" + b"/" * 157 + b"bin/sh\n")
    done = subprocess.run([tmp_path / "p/bin/s"], capture_output=True)
    assert done.stdout.endswith(b"/p/bin/s runs\n")


def test_rewritten_files_are_taken_from_an_earlier_prefix_unless_touched(make: Make, tmp_path: Path) -> None:
    outputs = [make("a", A), make("b", {"lib/b": T})]
    compose(outputs[:1], tmp_path / "old", REAL)
    earlier = Earlier(path=tmp_path / "old", keys=frozenset({"a"}))
    done = compose(outputs, tmp_path / "new", REAL, earlier)
    assert (len(done.rewritten), done.reused) == (3, 2)
    assert (tmp_path / "new/bin/prog").samefile(tmp_path / "old/bin/prog")
    assert verify(outputs, tmp_path / "new", REAL) == ()
    (tmp_path / "old/bin/prog").chmod(0o644)
    (tmp_path / "old/bin/prog").write_bytes(b"x" * len(A["bin/prog"] or b""))
    (tmp_path / "old/bin/prog").chmod(0o555)
    (tmp_path / "old/lib/a/META").unlink()
    assert compose(outputs, tmp_path / "newer", REAL, earlier).reused == 0
    assert verify(outputs, tmp_path / "newer", REAL) == ()
