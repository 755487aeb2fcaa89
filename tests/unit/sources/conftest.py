"""A web server on this machine that misbehaves on request."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers each path with a function given by the test, and notes what was asked."""

    protocol_version = "HTTP/1.1"
    site: Site

    def do_GET(self) -> None:
        self.site.requests.append((self.path, {key.lower(): value for key, value in self.headers.items()}))
        answer = self.site.answers.get(self.path)
        if answer is None:
            self.send_error(404)
        else:
            answer(self)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def head(self, status: int, **headers: object) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), str(value))
        self.end_headers()


@dataclass
class Site:
    """One server: its base URL, what it answers and what it was asked."""

    url: str
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    ending: threading.Event = field(default_factory=threading.Event)

    def serve(self, path: str, answer: Answer | bytes) -> str:
        """Have ``path`` answered; its URL is returned."""
        self.answers[path] = whole(answer) if isinstance(answer, bytes) else answer
        return self.url + path

    def asked(self, path: str) -> list[dict[str, str]]:
        return [headers for asked, headers in self.requests if asked == path]


def whole(data: bytes, etag: str = '"1"') -> Answer:
    """The data, with ranges and If-Range as RFC 9110 has them."""

    def answer(handler: Handler) -> None:
        start = 0
        wanted = handler.headers.get("Range", "")
        if wanted and handler.headers.get("If-Range", etag) == etag:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= len(data):
                handler.head(416, Content_Range=f"bytes */{len(data)}", Content_Length=0)
                return
            span = f"bytes {start}-{len(data) - 1}/{len(data)}"
            handler.head(206, Content_Range=span, Content_Length=len(data) - start, ETag=etag)
        else:
            handler.head(200, Content_Length=len(data), ETag=etag)
        handler.wfile.write(data[start:])

    return answer


def cut_short(data: bytes, after: int, then: Answer | None = None) -> Answer:
    """A good status and length, but only some bytes; ``then`` answers later requests."""
    count = [0]

    def answer(handler: Handler) -> None:
        count[0] += 1
        if count[0] > 1 and then is not None:
            then(handler)
            return
        handler.head(200, Content_Length=len(data), ETag='"1"')
        handler.wfile.write(data[:after])
        handler.wfile.flush()
        handler.close_connection = True

    return answer


def drip(site: Site, pause: float = 0.05) -> Answer:
    """A byte now and then, for ever."""

    def answer(handler: Handler) -> None:
        handler.head(200, Content_Length=1_000_000)
        while not site.ending.is_set():
            try:
                handler.wfile.write(b"x")
                handler.wfile.flush()
            except OSError:
                return
            time.sleep(pause)

    return answer


def silence(site: Site) -> Answer:
    """A head, and then nothing."""

    def answer(handler: Handler) -> None:
        handler.head(200, Content_Length=1000)
        handler.wfile.write(b"start")
        handler.wfile.flush()
        site.ending.wait(30)
        handler.close_connection = True

    return answer


def redirect(to: str) -> Answer:
    def answer(handler: Handler) -> None:
        handler.head(302, Location=to, Content_Length=0)

    return answer


class Server(ThreadingHTTPServer):
    """Quiet about clients that hang up."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients hang up on purpose here."""


def run_site(certificate: Path | None = None) -> Iterator[Site]:
    site = Site("")
    server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"site": site}))
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    site.url = f"http{'s' if certificate else ''}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield site
    site.ending.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def site() -> Iterator[Site]:
    yield from run_site()


@pytest.fixture
def other_site() -> Iterator[Site]:
    yield from run_site()


@pytest.fixture
def secure_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The same over TLS, with a certificate made for the occasion and trusted through requests' own setting."""
    certificate = tmp_path / "certificate.pem"
    make_certificate(certificate)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    yield from run_site(certificate)


def make_certificate(path: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
