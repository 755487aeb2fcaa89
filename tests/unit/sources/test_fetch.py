"""Fetching over real connections to servers that misbehave, and the cache behind it."""

from __future__ import annotations

import _thread
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.unit.sources.conftest import Handler, Site, cut_short, drip, redirect, silence, whole
from xpkg.core.digests import Digest, of_bytes
from xpkg.core.errors import SyncError, WorkInterrupted, XpkgError
from xpkg.core.paths import StateRoot
from xpkg.repo.source_values import Fetched, Source, Wanted
from xpkg.repo.sources.cache import SourceCache
from xpkg.repo.sources.fetch import fetch_all
from xpkg.repo.sources.progress import Event, Step
from xpkg.repo.sources.settings import FetchSettings

DATA = bytes(range(256)) * 2000
SETTINGS = FetchSettings(
    environment=dict(os.environ), backoff_seconds=0.01, idle_seconds=5, connect_seconds=5, attempts=3
)


class Desk:
    """A cache of its own, and short words for fetching into it."""

    def __init__(self, root: Path) -> None:
        self.state = StateRoot(root / "state")
        self.cache = SourceCache(self.state)
        self.events: list[Event] = []

    def get(self, *urls: str, data: bytes = DATA, settings: FetchSettings = SETTINGS, offline: bool = False) -> Fetched:
        return self.one(
            Wanted(label="thing", alternatives=(Source(urls=urls, digests=(of_bytes(data),)),)), settings, offline
        )

    def one(self, wanted: Wanted, settings: FetchSettings = SETTINGS, offline: bool = False) -> Fetched:
        found = fetch_all([wanted], self.cache, settings=settings, progress=self.events.append, offline=offline)
        return found[wanted]

    def fail(self, *urls: str, settings: FetchSettings = SETTINGS) -> SyncError:
        with pytest.raises(SyncError) as caught:
            self.get(*urls, settings=settings)
        return caught.value

    def files(self) -> list[Path]:
        return [path for path in self.state.sources.rglob("*") if path.is_file()] if self.state.sources.exists() else []

    def steps(self) -> list[Step]:
        return [event.step for event in self.events if event.step is not Step.ADVANCED]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_download_is_verified_published_and_then_served_by_the_cache(desk: Desk, site: Site) -> None:
    url = site.serve("/a", DATA)
    first = desk.get(url)
    assert first.path.read_bytes() == DATA
    assert first.path == desk.state.sources / first.digest.hex[:2] / first.digest.hex
    assert first.url == url
    assert list(desk.state.partial.iterdir()) == []
    assert desk.get(url).url is None
    assert len(site.requests) == 1
    assert desk.steps() == [Step.STARTED, Step.FINISHED, Step.FINISHED]


def test_a_wrong_hash_is_thrown_away_and_the_next_mirror_tried(desk: Desk, site: Site) -> None:
    bad, good = site.serve("/bad", b"evil"), site.serve("/good", DATA)
    assert desk.get(bad, good).url == good
    assert desk.steps() == [Step.STARTED, Step.FAILED, Step.STARTED, Step.FINISHED]
    assert len(desk.files()) == 1
    assert list(desk.state.partial.iterdir()) == []


def test_every_url_and_both_hashes_are_named_in_the_end(desk: Desk, site: Site) -> None:
    error = desk.fail(site.serve("/bad", b"evil"), site.url + "/absent")
    assert error.reference == "hash-mismatch"
    assert dict(error.context) == {
        site.url + "/bad": f"wrong hash: promised {of_bytes(DATA)}, found {of_bytes(b'evil')}",
        site.url + "/absent": "HTTP status 404 Not Found",
    }
    assert desk.files() == []


def test_all_digests_must_hold(desk: Desk, site: Site) -> None:
    digests = (of_bytes(DATA), of_bytes(b"other", "sha512"))
    with pytest.raises(SyncError, match="another hash"):
        desk.one(Wanted(label="x", alternatives=(Source(urls=(site.serve("/a", DATA),), digests=digests),)))


def test_alternatives_are_other_bytes_with_their_own_hash(desk: Desk, site: Site) -> None:
    gone = Source(urls=(site.url + "/gone",), digests=(of_bytes(DATA),))
    other = Source(urls=(site.serve("/other", b"other"),), digests=(of_bytes(b"other", "sha512"),))
    fetched = desk.one(Wanted(label="x", alternatives=(gone, other)))
    assert fetched.source == other
    assert fetched.digest == of_bytes(b"other")
    assert desk.one(Wanted(label="x", alternatives=(gone, other)), offline=True).path == fetched.path


def test_a_damaged_cache_entry_is_fetched_anew(desk: Desk, site: Site) -> None:
    url = site.serve("/a", DATA)
    path = desk.get(url).path
    path.chmod(0o644)
    path.write_bytes(DATA[:-1] + b"!")
    assert desk.get(url).path.read_bytes() == DATA
    assert Step.WARNING in desk.steps()
    assert len(site.requests) == 2


def test_a_damaged_cache_entry_is_gone_even_when_it_cannot_be_fetched(desk: Desk, site: Site) -> None:
    url = site.serve("/a", DATA)
    path = desk.get(url).path
    path.chmod(0o644)
    path.write_bytes(b"rot")
    with pytest.raises(SyncError):
        desk.get(url, offline=True)
    assert not path.exists()


def test_a_planted_link_or_index_entry_is_not_trusted(desk: Desk, site: Site, tmp_path: Path) -> None:
    source = Source(urls=(site.serve("/a", DATA),), digests=(of_bytes(DATA, "sha512"),))
    wanted = Wanted(label="x", alternatives=(source,))
    desk.one(wanted)
    (tmp_path / "evil").write_bytes(b"evil")
    evil = of_bytes(b"evil").hex
    place = desk.state.sources / evil[:2] / evil
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(b"evil")
    link = desk.state.sources / "index/sha512" / source.digests[0].hex[:2] / source.digests[0].hex
    link.unlink()
    link.symlink_to(f"../../../{evil[:2]}/{evil}")
    assert desk.one(wanted).path.read_bytes() == DATA
    link.unlink()
    link.symlink_to(tmp_path / "evil")
    assert desk.one(wanted).path.read_bytes() == DATA


def test_a_cut_transfer_goes_on_where_it_broke_off(desk: Desk, site: Site) -> None:
    url = site.serve("/a", cut_short(DATA, 100_000, then=whole(DATA)))
    assert desk.get(url).path.read_bytes() == DATA
    assert [headers.get("range") for headers in site.asked("/a")] == [None, "bytes=100000-"]
    assert site.asked("/a")[1]["if-range"] == '"1"'


def test_the_part_is_kept_between_runs(desk: Desk, site: Site) -> None:
    once = FetchSettings(attempts=1, backoff_seconds=0.01)
    url = site.serve("/a", cut_short(DATA, 100_000, then=whole(DATA)))
    error = desk.fail(url, settings=once)
    assert "after 100000 of 512000 bytes" in str(error.context) or "broke off" in str(error.context)
    assert desk.files() == []
    assert desk.get(url, settings=once).path.read_bytes() == DATA
    assert site.asked("/a")[1]["range"] == "bytes=100000-"


def test_a_part_of_another_file_is_not_gone_on_with(desk: Desk, site: Site) -> None:
    url = site.serve("/a", cut_short(b"z" * len(DATA), 100_000, then=whole(DATA, etag='"2"')))
    assert desk.get(url).path.read_bytes() == DATA


def test_a_poisoned_part_without_a_validator_is_begun_anew(desk: Desk, site: Site) -> None:
    url = site.serve("/a", DATA)
    source = Source(urls=(url,), digests=(of_bytes(DATA),))
    desk.cache.partial(source, url).write_bytes(b"poison")
    assert desk.get(url).path.read_bytes() == DATA


def test_a_part_that_no_hash_and_no_validator_vouches_for_is_begun_anew(desk: Desk, site: Site) -> None:
    source = Source(urls=(site.serve("/index.tar.gz", DATA),))
    desk.cache.partial(source, source.urls[0]).write_bytes(b"yesterday")
    wanted = Wanted(label="thing", alternatives=(source,), allow_unhashed=True)
    assert desk.one(wanted).path.read_bytes() == DATA
    assert "range" not in site.asked("/index.tar.gz")[0]


def test_a_truncated_answer_with_good_status_never_gets_in(desk: Desk, site: Site) -> None:
    error = desk.fail(site.serve("/a", cut_short(DATA, 1000)))
    assert error.reference == "sync"
    assert desk.files() == []


def test_an_endless_answer_is_bounded(desk: Desk, site: Site) -> None:
    small = FetchSettings(max_bytes=1000)
    assert "the limit is 1000" in str(desk.fail(site.serve("/a", DATA), settings=small).context)

    def chunked(handler: Handler) -> None:
        handler.head(200, Transfer_Encoding="chunked")
        for _ in range(100):
            handler.wfile.write(b"64\r\n" + b"x" * 100 + b"\r\n")

    assert "more than the limit" in str(desk.fail(site.serve("/b", chunked), settings=small).context)


def test_a_slow_drip_is_given_up(desk: Desk, site: Site) -> None:
    start = time.monotonic()
    slow = FetchSettings(slow_seconds=0.3, least_rate=1000)
    assert "bytes a second" in str(desk.fail(site.serve("/a", drip(site)), settings=slow).context)
    total = FetchSettings(total_seconds=0.3)
    assert "took longer" in str(desk.fail(site.serve("/b", drip(site)), settings=total).context)
    assert time.monotonic() - start < 5


def test_silence_is_given_up(desk: Desk, site: Site) -> None:
    idle = FetchSettings(idle_seconds=0.3, attempts=1)
    assert "stopped sending" in str(desk.fail(site.serve("/a", silence(site)), settings=idle).context)


def test_a_busy_server_is_asked_again(desk: Desk, site: Site) -> None:
    count = [0]

    def busy(handler: Handler) -> None:
        count[0] += 1
        if count[0] < 3:
            handler.head(503, Content_Length=0, Retry_After=3600)
        else:
            whole(DATA)(handler)

    assert desk.get(site.serve("/a", busy)).path.read_bytes() == DATA


def test_redirects_are_followed_but_not_down_to_http(desk: Desk, site: Site, secure_site: Site) -> None:
    plain = site.serve("/plain", DATA)
    secure = secure_site.serve("/secure", DATA)
    error = desk.fail(
        secure_site.serve("/down", redirect(plain)), secure_site.serve("/file", redirect("file:///etc/passwd"))
    )
    assert "from https to http" in error.context[0][1]
    assert "redirected to file" in error.context[1][1]
    assert site.requests == []
    assert desk.get(site.serve("/up", redirect(secure))).path.read_bytes() == DATA


def test_a_certificate_nobody_trusts(desk: Desk, secure_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    assert desk.fail(secure_site.serve("/a", DATA)).context[0][1].startswith("TLS: ")


def test_a_redirect_loop_ends(desk: Desk, site: Site) -> None:
    assert "more than 10 redirects" in str(desk.fail(site.serve("/a", redirect("/a"))).context)


def test_credentials_stay_with_their_origin_and_out_of_messages(
    desk: Desk, site: Site, other_site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login netrc password leaked\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    there = other_site.serve("/there", b"wrong")
    site.serve("/hop", redirect(there))
    start = site.serve("/start", redirect("/hop")).replace("://", "://user:secret@")
    error = desk.fail(start)
    assert "authorization" in site.asked("/start")[0]
    assert "authorization" in site.asked("/hop")[0]
    assert "authorization" not in other_site.asked("/there")[0]
    assert "secret" not in str(error.context) + str(desk.events)


def test_no_hash_and_md5_alone_are_refused_unless_the_user_says_so(desk: Desk, site: Site) -> None:
    url = site.serve("/a", DATA)
    for digests in ((), (of_bytes(DATA, "md5"),)):
        source = Source(urls=(url,), digests=digests)
        with pytest.raises(SyncError) as caught:
            desk.one(Wanted(label="x", alternatives=(source,)))
        assert caught.value.reference == "no-hash"
        assert site.requests == []
        assert desk.one(Wanted(label="x", alternatives=(source,), allow_unhashed=True)).digest == of_bytes(DATA)
        site.requests.clear()
    wrong = Source(urls=(url,), digests=(Digest("md5", "0" * 32),))
    with pytest.raises(SyncError, match="another hash"):
        desk.one(Wanted(label="x", alternatives=(wrong,), allow_unhashed=True))


def test_no_network_is_one_clear_error(desk: Desk) -> None:
    wanted = [
        Wanted(
            label=f"x{number}",
            alternatives=(Source(urls=("http://127.0.0.1:1/x",), digests=(of_bytes(b"%d" % number),)),),
        )
        for number in range(3)
    ]
    with pytest.raises(SyncError) as caught:
        fetch_all(wanted, desk.cache, settings=SETTINGS, jobs=1)
    assert caught.value.reference == "no-network"
    assert caught.value.message.startswith("no network: ")


def test_offline_uses_the_cache_only(desk: Desk, site: Site) -> None:
    url = site.serve("/a", DATA)
    with pytest.raises(SyncError) as caught:
        desk.get(url, offline=True)
    assert caught.value.reference == "offline"
    desk.get(url)
    assert desk.get(url, offline=True).path.read_bytes() == DATA


def test_mirrors_by_hash_come_first(desk: Desk, site: Site) -> None:
    name = of_bytes(DATA).hex
    site.serve(f"/mirror/sha256/{name[:2]}/{name}", DATA)
    settings = FetchSettings(mirrors=(site.url + "/mirror/",))
    assert desk.get(site.url + "/own", settings=settings).path.read_bytes() == DATA
    assert site.asked("/own") == []


def test_one_failure_does_not_hide_the_others(desk: Desk, site: Site) -> None:
    def wanted(name: str, data: bytes) -> Wanted:
        return Wanted(label=name, alternatives=(Source(urls=(f"{site.url}/{name}",), digests=(of_bytes(data),)),))

    site.serve("/good", DATA)
    with pytest.raises(SyncError, match="2 sources could not be fetched: one, two"):
        fetch_all(
            [wanted("one", b"1"), wanted("good", DATA), wanted("two", b"2")], desk.cache, settings=SETTINGS, jobs=1
        )
    assert desk.get(site.url + "/good", offline=True).path.read_bytes() == DATA


def test_several_at_once_share_one_download(desk: Desk, site: Site) -> None:
    url = site.serve("/a", DATA)
    wanted = [Wanted(label=f"x{n}", alternatives=(Source(urls=(url,), digests=(of_bytes(DATA),)),)) for n in range(8)]
    found = fetch_all(wanted, desk.cache, settings=SETTINGS, jobs=8)
    assert {fetched.path for fetched in found.values()} == set(desk.files())
    assert len(site.requests) == 1


def test_several_processes_share_one_download(desk: Desk, site: Site) -> None:
    def slowly(handler: Handler) -> None:
        time.sleep(0.3)
        whole(DATA)(handler)

    url = site.serve("/a", slowly)
    code = (
        "import sys; from pathlib import Path; from xpkg.core.paths import StateRoot\n"
        "from xpkg.core.digests import Digest\n"
        "from xpkg.repo.source_values import Source, Wanted\n"
        "from xpkg.repo.sources.cache import SourceCache\n"
        "from xpkg.repo.sources.fetch import fetch_all\n"
        "w = Wanted(label='x', alternatives=(Source(urls=(sys.argv[1],), digests=(Digest.parse(sys.argv[2]),)),))\n"
        "print(fetch_all([w], SourceCache(StateRoot(Path(sys.argv[3]))))[w].path)\n"
    )
    command = [sys.executable, "-c", code, url, str(of_bytes(DATA)), str(desk.state.root)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    outputs = {process.communicate(timeout=60)[0] for process in processes}
    assert outputs == {f"{desk.files()[0]}\n"}
    assert len(site.requests) == 1


@pytest.mark.parametrize("answer", [drip, silence])
def test_an_event_stops_a_blocked_download_at_once(desk: Desk, site: Site, answer: object) -> None:
    url = site.serve("/a", answer(site))  # type: ignore[operator]
    cancel = threading.Event()
    timer = threading.Timer(0.5, cancel.set)
    timer.start()
    wanted = Wanted(label="x", alternatives=(Source(urls=(url,), digests=(of_bytes(DATA),)),))
    start = time.monotonic()
    with pytest.raises(WorkInterrupted):
        fetch_all([wanted], desk.cache, settings=SETTINGS, cancel=cancel)
    assert time.monotonic() - start < 2
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("fetch-")]
    assert desk.files() == []


def test_ctrl_c_stops_a_client_and_its_children(desk: Desk, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    mark = tmp_path / "children"
    (tools / "npm").write_text(f"#!/bin/sh\nsleep 300 & echo $! $$ > {mark}.new; mv {mark}.new {mark}; wait\n")
    (tools / "npm").chmod(0o755)

    def interrupt() -> None:
        while not mark.exists():
            time.sleep(0.02)
        _thread.interrupt_main()

    threading.Thread(target=interrupt, daemon=True).start()
    settings = FetchSettings(environment={"PATH": f"{tools}:/usr/bin:/bin"})
    wanted = Wanted(label="x", alternatives=(Source(urls=("npm:x/1.0.0",)),), allow_unhashed=True)
    with pytest.raises(WorkInterrupted):
        fetch_all([wanted], desk.cache, settings=settings)
    numbers = [int(number) for number in mark.read_text().split()]
    end = time.monotonic() + 5
    while any(map(running, numbers)) and time.monotonic() < end:
        time.sleep(0.02)
    assert not any(map(running, numbers))


def running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.parametrize(
    ("url", "tool"),
    [
        ("npm:x/1.0.0", "npm"),
        ("pypi:x/x-1.tar.gz", "pip"),
        ("apt:xx/x.tar.gz", "apt-get"),
        ("git+https://x.example/y#" + "0" * 40, "git"),
    ],
)
def test_a_missing_client_is_named_with_how_to_get_it(desk: Desk, url: str, tool: str) -> None:
    settings = FetchSettings(environment={"PATH": "/nonexistent"})
    with pytest.raises(XpkgError) as caught:
        desk.one(Wanted(label="x", alternatives=(Source(urls=(url,)),), allow_unhashed=True), settings)
    assert caught.value.reference == "missing-system-tool"
    assert caught.value.message == f"missing system tool: {tool}"
    assert "apt-get install" in str(caught.value.hint)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x.example/y", "nonsense", "http://[broken", "file://host/x", "file:///etc", "file:///absent",
        "apt:../x/y", "apt:x", "npm:-x/1.0.0", "npm:x/latest", "npm:x/file:..", "pypi:-x/y.whl",
        "pypi:a/b-1.tar.gz", "pypi:a/a.zip.exe", "http://",
    ],
)  # fmt: skip
def test_addresses_that_mean_nothing(desk: Desk, url: str) -> None:
    error = desk.fail(url)
    assert error.reference == "sync"
    assert error.context[0][1]


def test_a_file_is_copied(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "with space").write_bytes(DATA)
    assert desk.get((tmp_path / "with space").as_uri()).path.read_bytes() == DATA
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "other").mkdir()
    assert "no plain file" in str(Desk(tmp_path / "other").fail((tmp_path / "fifo").as_uri()).context)
