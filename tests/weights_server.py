"""A local HTTP server that serves one file, in the ways in which servers fail."""

from __future__ import annotations

import contextlib
import socketserver
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ETAG = '"version-1"'


class WeightsServer:
    """The server. The first part of a path names its behavior, see :class:`_Handler`.

    Attributes
    ----------
    content : bytes
        The file.
    requests : list of (str, dict)
        Path and headers of each request.
    release : threading.Event
        Ends the wait of requests that hang.
    """

    def __init__(self, content: bytes) -> None:
        self.content, self.etag = content, ETAG
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.release = threading.Event()
        self.half_sent = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self.port = self._server.server_address[1]

    def url(self, behavior: str) -> str:
        return f"http://127.0.0.1:{self.port}/{behavior}"

    @contextlib.contextmanager
    def running(self) -> Iterator[WeightsServer]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            self.release.set()
            self._server.shutdown()
            thread.join()
            self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    owner: WeightsServer

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)  # without a look-up of the machine's name
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]


class _Handler(BaseHTTPRequestHandler):
    """Serve the file by the behavior that the path names."""

    server: Any

    def do_GET(self) -> None:
        owner: WeightsServer = self.server.owner
        owner.requests.append((self.path, dict(self.headers)))
        is_proxied = self.path.startswith("http://")
        path = self.path.partition("://")[2].partition("/")[2] if is_proxied else self.path
        name, _, argument = path.lstrip("/").partition("/")
        behavior: Callable[[WeightsServer, str], None] = getattr(self, f"do_{name}")
        with contextlib.suppress(ConnectionError):
            behavior(owner, argument)

    def do_ok(self, owner: WeightsServer, argument: str) -> None:
        """Answer as a good server does, ranges included."""
        data, start = self._begin(owner)
        self.wfile.write(data[start:])

    def do_breaks(self, owner: WeightsServer, argument: str) -> None:
        """Send some bytes of what was asked for, then close the connection."""
        data, start = self._begin(owner)
        self.wfile.write(data[start : start + int(argument)])

    def do_dies(self, owner: WeightsServer, argument: str) -> None:
        """Close the connection without an answer."""

    def do_noise(self, owner: WeightsServer, argument: str) -> None:
        """Answer with something that is not HTTP."""
        self.wfile.write(b"\x00\x01 garbage\r\n\r\n")

    def do_hangs(self, owner: WeightsServer, argument: str) -> None:
        """Send nothing at all."""
        owner.release.wait(600)

    def do_half(self, owner: WeightsServer, argument: str) -> None:
        """Send half of what was asked for, then nothing more; after the release, send all."""
        data, start = self._begin(owner)
        if owner.release.is_set():
            self.wfile.write(data[start:])
            return
        self.wfile.write(data[start : start + (len(data) - start) // 2])
        owner.half_sent.set()
        owner.release.wait(600)

    def do_drips(self, owner: WeightsServer, argument: str) -> None:
        """Send a byte from time to time."""
        data, start = self._begin(owner)
        for value in data[start:]:
            if owner.release.wait(0.05):
                return
            self.wfile.write(bytes([value]))

    def do_headers(self, owner: WeightsServer, argument: str) -> None:
        """Send a byte of the headers from time to time, for half a minute."""
        self._drip(owner, b"HTTP/1.1 200 OK\r\nX-Long: ")

    def do_moves(self, owner: WeightsServer, argument: str) -> None:
        """Redirect with a text that comes a byte at a time, for half a minute."""
        location = f"http://127.0.0.1:{owner.port}/ok"
        self._drip(owner, f"HTTP/1.1 302 Found\r\nLocation: {location}\r\n\r\n".encode())

    def do_CONNECT(self) -> None:
        """As a proxy, answer a byte at a time."""
        self._drip(self.server.owner, b"HTTP/1.1 200 OK\r\nX-Long: ")

    def _drip(self, owner: WeightsServer, start: bytes) -> None:
        with contextlib.suppress(ConnectionError):
            self.wfile.write(start)
            for _ in range(150):
                if owner.release.wait(0.2):
                    return
                self.wfile.write(b"x")

    def do_noranges(self, owner: WeightsServer, argument: str) -> None:
        """Ignore ranges; with an argument, break off after so many bytes once."""
        is_first = sum(path.endswith(self.path) for path, _ in owner.requests) == 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(owner.content)))
        self.end_headers()
        self.wfile.write(owner.content[: int(argument)] if argument and is_first else owner.content)

    def do_elsewhere(self, owner: WeightsServer, argument: str) -> None:
        """Answer a range with another range."""
        if "Range" not in self.headers:
            return self.do_ok(owner, "")
        self.send_response(206)
        self.send_header("Content-Range", f"bytes 5-9/{len(owner.content)}")
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(owner.content[5:10])
        return None

    def do_wrong(self, owner: WeightsServer, argument: str) -> None:
        """Serve other bytes of the same size."""
        wrong = bytes(255 - value for value in owner.content)
        start = self._range_start(owner, wrong)
        self.wfile.write(wrong[start:])

    def do_long(self, owner: WeightsServer, argument: str) -> None:
        """State a size that is too large."""
        self._whole(owner.content + b"more")

    def do_short(self, owner: WeightsServer, argument: str) -> None:
        """State a size that is too small."""
        self._whole(owner.content[:-1])

    def do_endless(self, owner: WeightsServer, argument: str) -> None:
        """State no size, and send more than the file has."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(owner.content + bytes(1000))

    def do_chunks(self, owner: WeightsServer, argument: str) -> None:
        """State no size, and send the file in chunks; with an argument, lose the end."""
        self.protocol_version = "HTTP/1.1"
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        half = len(owner.content) // 2
        for part in (owner.content[:half], owner.content[half:])[: 1 if argument else 2]:
            self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        if not argument:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = True

    def do_status(self, owner: WeightsServer, argument: str) -> None:
        """Answer with a status."""
        self.send_response(int(argument))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_to(self, owner: WeightsServer, argument: str) -> None:
        """Redirect to the address in the path."""
        self.send_response(302)
        self.send_header("Location", argument)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _whole(self, data: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _begin(self, owner: WeightsServer) -> tuple[bytes, int]:
        return owner.content, self._range_start(owner, owner.content)

    def _range_start(self, owner: WeightsServer, data: bytes) -> int:
        """Send the headers for what was asked for, and return its first byte."""
        asked = self.headers.get("Range")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        if self.headers.get("If-Range", owner.etag) != owner.etag:
            start = 0
        if start >= len(data):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(data)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return len(data)
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - start))
        self.send_header("ETag", owner.etag)
        self.end_headers()
        return start

    def log_message(self, format: str, *arguments: Any) -> None:
        """Print nothing."""
