"""Attacks on the web page: silent, slow, many and ambiguous clients."""

from __future__ import annotations

import contextlib
import io
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from colortk.ui import connections, request_body
from conftest import colorizer_module
from pages import PATIENCE, Page, missing_gradio, serving
from test_ui_server import ask, colorize_message, functions, half_an_upload, upload, visitor

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing_gradio()), reason=missing_gradio() or "it is there"),
]
#: Extra seconds beyond the time limits for a busy machine.
SLACK = 15


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("page")
    with serving("-p", "gray", "--max-upload", "2", folder=folder) as running:
        yield running
        assert running.end() == 0


class Raw:
    """A connection on which anything can be sent."""

    def __init__(self, page: Page, data: bytes = b"") -> None:
        self.socket = socket.create_connection(("127.0.0.1", page.port), timeout=60)
        self.began = time.monotonic()
        with contextlib.suppress(ConnectionError):  # refused before its end: the answer says why
            self.send(data)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self) -> bytes:
        """Return all bytes until the server closes the connection."""
        said = b""
        with contextlib.suppress(ConnectionResetError):
            while part := self.socket.recv(65536):
                said += part
        return said

    def closed(self, within: float) -> bool:
        """Return whether the server closes the connection in this time."""
        self.socket.settimeout(within)
        try:
            self.answer()
        except TimeoutError:
            return False
        finally:
            self.socket.settimeout(60)
        return True

    def close(self) -> None:
        self.socket.close()


def until(condition: Callable[[], bool]) -> None:
    """Wait for a state of the server."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_idle_and_trickling_clients_are_closed(page: Page) -> None:
    cookie = visitor(page)
    head = (
        b"POST /gradio_api/queue/join HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\n"
        % cookie.encode()
    )
    message = head + b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
    scenes = {
        "silent": (b"", b""),
        "headers that stop": (head, b""),
        "headers that trickle": (head, b"X-A: b\r\n"),
        "a body that stops": (message, b""),
        "a body that trickles": (message, b" "),
        "an upload that stops": (half_an_upload(cookie), b""),
        "an upload that trickles": (half_an_upload(cookie), b"x" * 50),
        "a body that was refused": (b"POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000\r\n\r\n", b"x"),
        "requests of which nothing comes back": (b"", b"\r\n"),
    }  # fmt: skip
    clients = {name: Raw(page, first) for name, (first, _) in scenes.items()}
    limit = max(connections.HEADER_TIMEOUT, connections.BODY_TIMEOUT, request_body.MAX_LAG)
    end = time.monotonic() + limit + SLACK
    still = dict(clients)
    while still and time.monotonic() < end:
        time.sleep(0.5)
        for name, client in list(still.items()):
            try:
                client.send(scenes[name][1])
                client.socket.settimeout(0.01)
                while client.socket.recv(65536):
                    pass
                del still[name]
            except TimeoutError:
                pass
            except OSError:
                del still[name]
    assert not still
    for client in clients.values():
        client.close()
    assert not [content for content in page.contents() if b"half a file" in content]


def test_an_aborted_upload_is_refused_and_deleted(page: Page) -> None:
    cookie = visitor(page)
    stopped, gone = Raw(page, half_an_upload(cookie)), Raw(page, half_an_upload(cookie))
    reset = Raw(page, half_an_upload(cookie))
    until(lambda: len(list((page.folder / "tmp").glob("*/upload-*/secret.png"))) == 3)
    gone.close()
    reset.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    reset.close()
    assert stopped.answer().startswith(b"HTTP/1.1 408 ")
    stopped.close()
    assert (
        time.monotonic() - stopped.began < request_body.MAX_LAG + connections.BODY_TIMEOUT + SLACK
    )
    until(lambda: not list((page.folder / "tmp").glob("*/upload-*")))


def test_one_visitor_cannot_take_all_slots(page: Page) -> None:
    for _ in range(3):  # a machine that stops for some seconds needs another attempt
        greedy = visitor(page)
        # Enough to use all slots and connections if they were not shared.
        clients = [Raw(page, half_an_upload(greedy)) for _ in range(40)]
        clients += [Raw(page) for _ in range(connections.MAX_CONNECTIONS)]
        began = time.monotonic()
        try:
            status, said = upload(page, visitor(page), "x.png", b"hello")
            seconds = time.monotonic() - began
        finally:
            for client in clients:
                client.close()
        assert status == 200, said
        if seconds < request_body.MAX_LAG:  # nobody was timed out before
            return
    pytest.fail(f"the visitor waited for {seconds:.1f} s")


def test_streams_of_one_visitor_are_limited(page: Page) -> None:
    greedy, other = visitor(page), visitor(page)
    ask_for = "GET /gradio_api/heartbeat/w{} HTTP/1.1\r\nHost: localhost\r\nCookie: {}\r\n\r\n"
    clients = [Raw(page, ask_for.format(number, greedy).encode()) for number in range(60)]
    answers = [client.socket.recv(12) for client in clients]
    assert answers.count(b"HTTP/1.1 200") == 40
    assert answers.count(b"HTTP/1.1 429") == 20
    mine = Raw(page, ask_for.format("mine", other).encode())
    assert mine.socket.recv(12) == b"HTTP/1.1 200"
    for client in [*clients, mine]:
        client.close()


#: Writes the lightness of each picture to a file.
SLOW = """import time
        with open({order!r}, "a") as order:
            order.write("%.3f " % lightness.mean())
        time.sleep(0.2)
        return np.zeros((*lightness.shape, 2), np.float32)"""


def test_a_burst_of_visitors_is_served_in_order(tmp_path: Path) -> None:
    """30 visitors upload and colorize at once: all get a picture."""
    site = tmp_path / "site"
    info = site / "slow-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: slow\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[colortk]\nslow = slow\n")
    order = tmp_path / "order"
    body = SLOW.format(order=str(order))
    (site / "slow.py").write_text(colorizer_module("slow", "slow", body))
    joined: list[int] = []
    failures: list[Any] = []
    turn = threading.Lock()

    def visit(number: int) -> None:
        try:
            picture = io.BytesIO()
            Image.new("L", (40, 40), 8 * number + 8).save(picture, "PNG")
            cookie = visitor(page)
            ready.wait()
            status, said = upload(page, cookie, "x.png", picture.getvalue())
            assert status == 200, said
            file = {"path": json.loads(said)[0], "meta": {"_type": "gradio.FileData"}}
            message = colorize_message(page, cookie, file, "slow")
            message["session_hash"] = f"w{number}"
            with turn:
                status, _, said = ask(
                    page, "POST", "/gradio_api/queue/join", json.dumps(message).encode(),
                    cookie=cookie, content_type="application/json",
                )  # fmt: skip
                joined.append(number)
            assert status == 200, said
            door = f"/gradio_api/queue/data?session_hash=w{number}"
            status, _, said = ask(page, "GET", door, cookie=cookie)
            assert status == 200
            (done,) = [
                event
                for line in said.decode().splitlines()
                if line.startswith("data: ")
                and (event := json.loads(line[6:]))["msg"] == "process_completed"
            ]
            assert done["success"], done
            assert "x-colorized.png" in json.dumps(done)
        except BaseException as error:
            failures.append(error)

    with serving("-p", "slow", folder=tmp_path, plugins=site) as page:
        ready = threading.Barrier(30, timeout=PATIENCE)
        threads = [threading.Thread(target=visit, args=(number,)) for number in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        colorized = [float(mean) for mean in order.read_text().split()]
        assert [sorted(colorized).index(mean) for mean in colorized] == joined
        assert page.end() == 0


def join(page: Page, cookie: str, body: bytes) -> tuple[int, bytes]:
    status, _, said = ask(
        page, "POST", "/gradio_api/queue/join", body, cookie=cookie, content_type="application/json"
    )
    return status, said


def test_repeated_parameters_do_not_open_the_stream_of_another(page: Page) -> None:
    mine, yours = visitor(page), visitor(page)
    body = colorize_message(page, yours, None, "gray")
    for number in (1, 2):
        body["session_hash"] = f"yours{number}"
        assert join(page, yours, json.dumps(body).encode())[0] == 200
    door = "/gradio_api/queue/data?"
    assert ask(page, "GET", f"{door}session_hash=mine", cookie=mine)[0] == 404
    for query in (
        "session_hash=mine&session_hash=yours1", "session_hash=yours1&session_hash=mine",
        "session_hash=mine&session%5Fhash=yours1", "session_hash=mine&SESSION_HASH=yours1",
    ):  # fmt: skip
        status, _, said = ask(page, "GET", door + query, cookie=mine)
        assert status == 400
        assert b"process" not in said
    assert ask(page, "GET", f"{door}session_hash=yours1", cookie=mine)[0] == 403
    said = ask(page, "GET", f"{door}session_hash=yours1", cookie=yours)[2]
    assert b"No picture is chosen" in said


UNCLEAR: list[tuple[str, list[str], int]] = [
        ("GET / HTTP/1.1", ["Host: localhost", "Host: evil.example"], 400),
        ("GET / HTTP/1.1", [], 400),
        ("GET http://localhost/ HTTP/1.1", ["Host: localhost"], 400),
        ("GET //etc/passwd HTTP/1.1", ["Host: localhost"], 400),
        ("GET /assets/%2e%2e/x HTTP/1.1", ["Host: localhost"], 400),
        ("GET /?a=1&a=2 HTTP/1.1", ["Host: localhost"], 400),
        ("GET / HTTP/1.1", ["Host: localhost", "Content-Length: 5"], 400),
        ("GET / HTTP/1.1", ["Host: localhost", "Upgrade: websocket", "Connection: Upgrade",
                            "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="], 400),
        ("POST /gradio_api/upload HTTP/1.1", ["Host: localhost", "Content-Length: 5", "Content-Length: 6"], 400),
        ("POST /gradio_api/upload HTTP/1.1", ["Host: localhost", "Content-Length: 5", "Transfer-Encoding: chunked"], 400),
        ("POST /gradio_api/upload HTTP/1.1", ["Host: localhost", "Content-Length: -5"], 400),
        ("POST /gradio_api/upload HTTP/1.1", ["Host: localhost", "Transfer-Encoding: gzip"], 400),
        ("POST /gradio_api/upload HTTP/1.1", ["Host: localhost", "Origin: http://localhost", "Origin: http://x"], 400),
        ("PUT / HTTP/1.1", ["Host: localhost", "Content-Length: 0"], 405),
        ("CONNECT / HTTP/1.1", ["Host: localhost"], 405),
        ("TRACE / HTTP/1.1", ["Host: localhost"], 405),
        ("POST / HTTP/1.1", ["Host: localhost", "Content-Length: 0"], 405),
        ("GET / HTTP/1.1\r\nX y", ["Host: localhost"], 400),
        ("nonsense", [], 400),
        ("\x16\x03\x01\x02", [], 400),  # TLS
        ("GET /" + "a" * 70_000 + " HTTP/1.1", ["Host: localhost"], 414),
    ]  # fmt: skip


@pytest.mark.parametrize("request_line, headers, status", UNCLEAR)
def test_ambiguous_requests_are_refused(
    request_line: str, headers: list[str], status: int, page: Page
) -> None:
    cookie = visitor(page)
    lines = [request_line, *headers, f"Cookie: {cookie}", "Connection: close", "", ""]
    client = Raw(page, "\r\n".join(lines).encode("latin-1"))
    said = client.answer()
    client.close()
    assert said.startswith(b"HTTP/1.1 %d " % status), said[:100]


HINTS = json.dumps({"picture": "p", "hints": {"points": [{"x": 1, "y": 1, "keep": True}]}})
VALUES: list[Any] = [
    None, True, 0, -1, 2**53, 10**400, 1.5, 1e308, "", "x", "gray", "\ud800", "a" * 100_000, [], {}, [[]],
    ["gray"], {"path": None}, {"path": "/etc/passwd"}, {"path": "\0"}, {"path": []}, {"url": "x"},
    {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}, {"__type__": "update"},
    [{"path": "x"}], {"data": "data:image/png;base64,AAAA"},
    HINTS, HINTS.replace("true", "1e999"), HINTS.replace("1", "9" * 500), '{"hints": {"points": {}}}',
]  # fmt: skip


def test_messages_of_wrong_types_never_show_a_traceback(page: Page) -> None:
    """Send every value as every argument of every function: it is refused, or gives no internal error."""
    cookie = visitor(page)
    before = len(page.said)
    good = {str(values): (number, values) for number, values in functions(page, cookie).items()}
    assert max(len(values) for _, values in good.values()) >= 7
    passed = 0
    for number, values in good.values():
        for place in range(len(values) + 1):
            for index, value in enumerate(VALUES):
                data = [*values[:place], value, *values[place + 1 :]]
                window = f"w{number}x{place}x{index}"
                body = {"data": data, "fn_index": number, "session_hash": window}
                for door in ("queue/join", "run/predict"):
                    status, _, said = ask(
                        page, "POST", f"/gradio_api/{door}", json.dumps(body).encode(),
                        cookie=cookie, content_type="application/json",
                    )  # fmt: skip
                    assert 400 <= status < 500 or status == 200, (status, said, body)
                    if status == 200 and door == "queue/join":
                        stream = f"/gradio_api/queue/data?session_hash={window}"
                        said = ask(page, "GET", stream, cookie=cookie)[2]
                        passed += 1
                    assert b"internal error" not in said, body
                    assert b"Traceback" not in said
    assert passed > 20
    assert page.said[before:] == []
