"""The web page as a process over HTTP: access of strangers, and the end of the server."""

from __future__ import annotations

import http.client
import json
import os
import re
import secrets
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image

from conftest import photo
from pages import PATIENCE, Page, missing_gradio, serving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing_gradio()), reason=missing_gradio() or "it is there"),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("page")
    (folder / "secret.png").write_text("secret")
    with serving("-p", "gray", "--max-upload", "0.1", folder=folder) as running:
        yield running


def ask(
    page: Page, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=200)
    try:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body or None, given)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def functions(page: Page, cookie: str) -> dict[int, list[Any]]:
    """Return the values that the page itself sends first to its functions, by their numbers."""
    text = ask(page, "GET", "/", cookie=cookie)[2].decode()
    (config,) = re.findall(r"window\.gradio_config = (\{.*?\});</script>", text, re.DOTALL)
    described = json.loads(config)
    values = {part["id"]: part["props"].get("value") for part in described["components"]}
    return {
        row["id"]: [values[number] for number in row["inputs"]]
        for row in described["dependencies"]
        if row["backend_fn"]
    }


def colorize_message(page: Page, cookie: str, file: Any, plugin: str) -> dict[str, Any]:
    """Return the message that colorizes an upload, without the identifier of the window."""
    number, values = max(functions(page, cookie).items(), key=lambda item: len(item[1]))
    return {"data": [file, plugin, *values[2:]], "fn_index": number}


def visitor(page: Page) -> str:
    """Return the cookie of a new visitor."""
    _, headers, _ = ask(page, "GET", "/")
    return headers["set-cookie"].partition(";")[0]


def upload(page: Page, cookie: str, name: str, data: bytes) -> tuple[int, bytes]:
    border = secrets.token_hex(8)
    head = f'--{border}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    body = head.encode() + data + f"\r\n--{border}--\r\n".encode()
    kind = f"multipart/form-data; boundary={border}"
    status, _, said = ask(
        page, "POST", "/gradio_api/upload", body, cookie=cookie, content_type=kind
    )
    return status, said


def half_an_upload(cookie: str, length: int = 1_000_000) -> bytes:
    """Return the beginning of an upload: all headers and the first bytes of the file."""
    return (
        f"POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {length}\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="files"; filename="secret.png"\r\n\r\nhalf a file'
    ).encode()


def test_visitors_read_only_their_own_files(page: Page) -> None:
    mine, yours = visitor(page), visitor(page)
    status, said = upload(page, mine, "../../../../evil.png", b"hello")
    assert status == 200
    (path,) = json.loads(said)
    assert Path(path).is_relative_to((page.folder / "tmp").resolve())
    assert Path(path).name == "evil.png"
    door = "/gradio_api/file="
    assert ask(page, "GET", door + quote(path), cookie=mine)[2] == b"hello"
    for cookie in (yours, ""):
        status, _, said = ask(page, "GET", door + quote(path), cookie=cookie)
        assert status in (403, 404)
        assert b"hello" not in said
    secret = page.folder / "secret.png"
    root = Path(path).parents[1]
    for name in (
        str(secret), "secret.png", f"{root}/../../secret.png", f"{path}/../../../../secret.png",
        "/etc/passwd", f"{path}/../../../../../../../../../../etc/passwd", str(root),
        "http://127.0.0.1:1/", "file:///etc/passwd", "/proc/self/environ",
    ):  # fmt: skip
        for written in (quote(name), quote(name, safe=""), name.replace("..", "%2e%2e")):
            status, _, said = ask(page, "GET", door + written, cookie=mine)
            assert status in (400, 403, 404), name
            assert b"secret" not in said
            assert b"root:" not in said
    for start in ("/assets/", "/static/", "/svelte/", "/theme.css/"):
        for up in ("../" * 12, "..%2f" * 12, "%2e%2e/" * 12):
            status, _, said = ask(page, "GET", f"{start}{up}etc/passwd", cookie=mine)
            assert status >= 400
            assert b"root:" not in said


def test_other_sites_and_names_are_refused(page: Page) -> None:
    cookie = visitor(page)
    body = json.dumps({"data": [], "fn_index": 0, "session_hash": "abc"}).encode()
    join = ("POST", "/gradio_api/queue/join", body)
    kind = "application/json"
    assert (
        ask(page, *join, cookie=cookie, origin="https://evil.example", content_type=kind)[0] == 403
    )
    assert ask(page, *join, cookie=cookie, sec_fetch_site="cross-site", content_type=kind)[0] == 403
    assert ask(page, "GET", "/", host="evil.example")[0] == 421
    status, headers, _ = ask(page, "GET", "/", origin="https://evil.example")
    assert status == 200
    assert headers["access-control-allow-origin"] is None
    for path in ("/config", "/gradio_api/info", "/docs", "/openapi.json", "/monitoring/summary"):
        assert ask(page, "GET", path, cookie=cookie)[0] == 404, path


def test_a_message_with_a_server_path_is_refused(page: Page) -> None:
    cookie = visitor(page)
    file = {"path": str(page.folder / "secret.png"), "meta": {"_type": "gradio.FileData"}}
    refusals = set()
    for name in ("queue/join", "run/predict"):
        for number in range(max(functions(page, cookie)) + 2):
            colorize = [file, "gray", 1, "ratio", False, None, ""]
            for values in (colorize, colorize[:6], [file, ["gray"], 1], [file] * 7):
                message = {"data": values, "fn_index": number, "session_hash": "def"}
                status, _, _ = ask(
                    page, "POST", f"/gradio_api/{name}", json.dumps(message).encode(),
                    cookie=cookie, content_type="application/json",
                )  # fmt: skip
                refusals.add(status)
    assert refusals == {400, 403, 404}


def test_visitors_name_only_their_own_references(page: Page) -> None:
    mine, yours = visitor(page), visitor(page)
    (path,) = json.loads(upload(page, mine, "reference.png", b"hello")[1])
    statuses = []
    for number, cookie in enumerate((mine, yours)):
        message = colorize_message(page, cookie, None, "gray")
        assert message["data"][-1] is None  # the reference
        message["data"][-1] = {"path": path, "meta": {"_type": "gradio.FileData"}}
        message["session_hash"] = f"reference{number}"
        body = json.dumps(message).encode()
        status, _, said = ask(
            page, "POST", "/gradio_api/queue/join", body, cookie=cookie,
            content_type="application/json",
        )  # fmt: skip
        statuses.append(status)
    assert statuses == [200, 403]
    assert b"that file is not yours" in said


def test_a_file_that_is_too_large_is_refused(page: Page) -> None:
    cookie = visitor(page)
    status, said = upload(page, cookie, "x.png", b"x" * 300_000)
    assert status == 413
    assert b"the limit is 0.1 MB" in said


@pytest.mark.skipif(os.name != "posix", reason="signals are of POSIX")
@pytest.mark.parametrize(
    "how, code",
    [(signal.SIGINT, {0}), (signal.SIGTERM, {143}), (getattr(signal, "SIGHUP", None), {129, 143})],
)
def test_the_server_ends_and_leaves_no_files(
    how: signal.Signals, code: set[int], tmp_path: Path
) -> None:
    Image.fromarray(photo()).save(tmp_path / "x.png")
    with serving("-p", "gray", folder=tmp_path) as page:
        cookie = visitor(page)
        status, _ = upload(page, cookie, "x.png", (tmp_path / "x.png").read_bytes())
        assert status == 200
        with socket.create_connection(("127.0.0.1", page.port)) as client:
            client.sendall(half_an_upload(cookie))
            deadline = time.monotonic() + PATIENCE
            while len(list((tmp_path / "tmp").glob("*/upload-*/*"))) < 2:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            began = time.monotonic()
            assert page.end(how) in code  # it checks that nothing is left
            assert time.monotonic() - began < 60
