"""Downloads of weights, from a server that fails in each way that servers do."""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
import random
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from colortk.errors import ArtifactError, ColortkError, EnvironmentProblem
from colortk.plugin.artifact_checks import why_not_fetched
from colortk.plugin.spec import Artifact
from colortk.plugin.weights_folder import WeightsFile, part_path
from colortk.store import https, part_file
from colortk.store.download import download
from weights_server import WeightsServer

CONTENT = random.Random(7).randbytes(400_000)
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Events:
    """Record what a download reports."""

    def __init__(self) -> None:
        self.begun: list[tuple[int, int | None]] = []
        self.notes: list[str] = []
        self.received = 0
        self.on_advance: Callable[[int], None] = lambda count: None

    def begin(self, name: str, done: int, total: int | None, host: str) -> None:
        self.begun.append((done, total))

    def advance(self, count: int) -> None:
        self.received += count
        self.on_advance(count)

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture
def server() -> Iterator[WeightsServer]:
    with WeightsServer(CONTENT).running() as running:
        yield running


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def declare(tmp_path: Path, server: WeightsServer) -> Callable[..., WeightsFile]:
    def declared(*behaviors: str, size: int = len(CONTENT)) -> WeightsFile:
        urls = tuple(server.url(behavior) for behavior in behaviors)
        artifact = Artifact("net.onnx", DIGEST, urls, size, "MIT")
        return WeightsFile("big", artifact, tmp_path / "weights" / "big" / "x" / "net.onnx")

    return declared


def names(file: WeightsFile) -> list[str]:
    return sorted(path.name for path in file.path.parent.iterdir())


def ranges(server: WeightsServer) -> list[str | None]:
    return [headers.get("Range") for _, headers in server.requests]


def leave_part(file: WeightsFile, content: bytes) -> None:
    file.path.parent.mkdir(parents=True, exist_ok=True)
    part_path(file.path).write_bytes(content)


@pytest.mark.parametrize("size", [len(CONTENT), 0])
@pytest.mark.parametrize("behavior", ["ok", "chunks", "noranges"])
def test_a_file_is_downloaded_and_gets_its_name(
    declare: Callable[..., WeightsFile], behavior: str, size: int
) -> None:
    file, events = declare(behavior, size=size), Events()
    download(file, events)
    assert file.path.read_bytes() == CONTENT
    assert names(file) == ["net.onnx"]
    assert events.received == len(CONTENT)
    assert events.begun == [(0, size or (None if behavior == "chunks" else len(CONTENT)))]


#: Behavior to a word of the message.
FAILURES = {
    "status/404": "the server answered 404",
    "status/500": "the server answered 500",
    "status/204": "the server answered 204",
    "dies": "the connection broke off",
    "noise": "not HTTP",
    "long": "its file has 400,004 bytes, not the declared 400,000",
    "short": "its file has 399,999 bytes, not the declared 400,000",
    "wrong": "other bytes than declared",
    "endless": "more bytes than declared",
    "chunks/lost": "broke off",
    "breaks/0": "broke off",
    "hangs": "did not respond within 0.3 s",
    "half": "did not respond in time",
    "to/ftp://127.0.0.1/x": "not allowed",
    "to/file:///etc/passwd": "not allowed",
    "to/http://example.org/x": "http is not allowed, only https",
    "to//to/again": "the server answered 500",
}


#: Behaviors that end by the time limit. All others have a generous one: the machine may be busy.
SILENT = ("hangs", "half")


@pytest.mark.parametrize("behavior", FAILURES)
def test_a_server_that_fails_gives_one_line_and_no_file(
    declare: Callable[..., WeightsFile], behavior: str
) -> None:
    source = "to//status/500" if behavior == "to//to/again" else behavior
    file = declare(source)
    with pytest.raises(ArtifactError) as caught:
        download(file, Events(), timeout=0.3 if behavior in SILENT else 60)
    message = str(caught.value)
    assert FAILURES[behavior] in message
    assert "cannot download 'net.onnx': 127.0.0.1:" in message
    assert "colortk weights add big FILE" in message
    assert "\n" not in message
    assert not file.path.exists()
    assert file.state in ("missing", "partial")


@pytest.mark.parametrize(
    "behavior", [pytest.param(b, marks=pytest.mark.slow if b in SILENT else ()) for b in FAILURES]
)
def test_the_next_mirror_follows_a_server_that_fails(
    declare: Callable[..., WeightsFile], server: WeightsServer, behavior: str
) -> None:
    source = "to//status/500" if behavior == "to//to/again" else behavior
    file, events = declare(source, "ok"), Events()
    download(file, events, timeout=3 if behavior in SILENT else 60)
    assert file.path.read_bytes() == CONTENT
    assert names(file) == ["net.onnx"]
    assert any("trying the next address" in note for note in events.notes)
    if behavior == "half":  # what the first mirror sent is not requested again
        assert int((ranges(server)[-1] or "").strip("bytes=-")) > 0


def test_a_slow_drip_is_given_up(
    declare: Callable[..., WeightsFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = itertools.count(0.0, 25.0)
    monkeypatch.setattr(
        "colortk.store.download.time", SimpleNamespace(monotonic=lambda: next(clock))
    )
    with pytest.raises(ArtifactError, match="under 1024 bytes per second"):
        download(declare("drips"), Events(), timeout=60)


def test_slow_headers_are_given_up(declare: Callable[..., WeightsFile]) -> None:
    with pytest.raises(ArtifactError, match="did not respond within 2 s"):
        download(declare("headers"), Events(), timeout=2)


def test_the_slow_text_of_a_redirect_is_not_read(declare: Callable[..., WeightsFile]) -> None:
    file = declare("moves")
    download(file, Events(), timeout=60)
    assert file.path.read_bytes() == CONTENT


def test_a_slow_proxy_is_given_up(server: WeightsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{server.port}")
    with (
        pytest.raises(https.FetchError, match="did not respond within 2 s"),
        https.open_url("https://example.org/net.onnx", 0, "", 2),
    ):
        pass


def test_a_broken_transfer_is_continued(
    declare: Callable[..., WeightsFile], server: WeightsServer
) -> None:
    file, events = declare("breaks/150000"), Events()
    download(file, events)
    assert file.path.read_bytes() == CONTENT
    assert ranges(server) == [None, "bytes=150000-", "bytes=300000-"]
    assert [headers.get("If-Range") for _, headers in server.requests[1:]] == [server.etag] * 2
    assert events.received == len(CONTENT)


def test_a_server_that_gives_a_little_each_time_is_given_up(
    declare: Callable[..., WeightsFile], server: WeightsServer
) -> None:
    file = declare("breaks/10")
    with pytest.raises(ArtifactError, match="210 bytes are kept"):
        download(file, Events())
    assert len(server.requests) == 21
    assert part_path(file.path).read_bytes() == CONTENT[:210]


@pytest.mark.parametrize("size", [len(CONTENT), 0])
def test_an_earlier_part_is_continued(
    declare: Callable[..., WeightsFile], server: WeightsServer, size: int
) -> None:
    file, events = declare("ok", size=size), Events()
    leave_part(file, CONTENT[:123_456])
    download(file, events)
    assert file.path.read_bytes() == CONTENT
    assert ranges(server) == ["bytes=123456-"]
    assert events.begun == [(123_456, len(CONTENT))]


def test_a_part_of_another_version_is_replaced(
    declare: Callable[..., WeightsFile], server: WeightsServer
) -> None:
    file = declare("breaks/1000", "ok")
    server.etag = '"version-0"'
    with pytest.raises(ArtifactError):
        download(declare("breaks/1000"), Events())
    server.etag = '"version-1"'
    server.requests.clear()
    download(declare("breaks/1000", "ok"), Events())
    assert server.requests[0][1]["If-Range"] == '"version-0"'
    assert file.path.read_bytes() == CONTENT


@pytest.mark.parametrize("behavior", ["ok", "noranges", "elsewhere"])
@pytest.mark.parametrize(
    "part", [b"x" * 1000, b"x" * len(CONTENT), b"x" * 500_000], ids=["short", "full", "too long"]
)
def test_a_part_with_wrong_bytes_does_no_harm(
    declare: Callable[..., WeightsFile], behavior: str, part: bytes
) -> None:
    file = declare(behavior)
    leave_part(file, part)
    download(file, Events())
    assert file.path.read_bytes() == CONTENT
    assert names(file) == ["net.onnx"]


def test_wrong_bytes_of_a_broken_mirror_do_not_spoil_the_next(
    declare: Callable[..., WeightsFile], server: WeightsServer
) -> None:
    server.content = bytes(255 - value for value in CONTENT)
    with pytest.raises(ArtifactError):
        download(declare("breaks/1000"), Events())
    server.content = CONTENT
    file = declare("ok")
    download(file, Events())
    assert file.path.read_bytes() == CONTENT


@pytest.mark.parametrize("size", [len(CONTENT), 0])
def test_a_part_that_is_complete_needs_no_network(
    declare: Callable[..., WeightsFile], server: WeightsServer, size: int
) -> None:
    file = declare("dies", size=size)
    leave_part(file, CONTENT)
    download(file, Events())
    assert file.path.read_bytes() == CONTENT
    assert server.requests == []


def test_a_damaged_file_is_replaced(declare: Callable[..., WeightsFile]) -> None:
    file = declare("ok")
    file.path.parent.mkdir(parents=True)
    file.path.write_bytes(b"x" * len(CONTENT))
    download(file, Events())
    assert file.path.read_bytes() == CONTENT


def test_redirects_are_followed_on_this_machine(
    declare: Callable[..., WeightsFile], server: WeightsServer
) -> None:
    file = declare("to//to//ok")
    leave_part(file, CONTENT[:1000])
    download(file, Events())
    assert ranges(server) == ["bytes=1000-"] * 3
    assert file.path.read_bytes() == CONTENT


def test_a_circle_of_redirects_ends(declare: Callable[..., WeightsFile], tmp_path: Path) -> None:
    file = declare("to/?")
    with pytest.raises(ArtifactError, match="redirects too often"):
        download(file, Events())


def test_another_host_cannot_redirect_to_this_machine(server: WeightsServer) -> None:
    from urllib.request import Request

    redirects: Any = https._CheckedRedirects()
    request = Request("https://example.org/x")
    for target in ("https://localhost/x", "http://127.0.0.1:1/x"):
        with pytest.raises(https.FetchError, match="an address of this machine"):
            redirects.redirect_request(request, None, 302, "", {}, target)


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://example.org/x", "only https"),
        ("ftp://example.org/x", "only https"),
        ("file:///etc/passwd", "not an address"),
        ("https://", "not an address"),
        ("https://example.org/a b", "not an address"),
        ("https://example.org/\n", "not an address"),
        ("https://example.org:99999/", "not an address"),
        ("https://user:secret@example.org/x", "password"),
        ("https://example.org/x", ""),
        ("http://localhost:80/x", ""),
        ("http://[::1]:80/x", ""),
    ],
)
def test_only_https_is_fetched(url: str, word: str) -> None:
    reason = why_not_fetched(url)
    assert word in reason
    assert bool(word) == bool(reason)


def test_proxies_of_the_environment_are_used(
    tmp_path: Path, server: WeightsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url(""))
    artifact = Artifact("net.onnx", DIGEST, "http://localhost:1/ok", len(CONTENT))
    download(WeightsFile("big", artifact, tmp_path / "net.onnx"), Events())
    assert server.requests[0][0] == "http://localhost:1/ok"
    monkeypatch.setenv("no_proxy", "localhost")
    with pytest.raises(ArtifactError, match="refused"):
        download(WeightsFile("big", artifact, tmp_path / "other.onnx"), Events())


def test_an_interrupt_keeps_the_bytes(
    declare: Callable[..., WeightsFile], server: WeightsServer
) -> None:
    file, events = declare("half"), Events()

    def interrupt(count: int) -> None:
        if events.received >= len(CONTENT) // 2:
            raise KeyboardInterrupt

    events.on_advance = interrupt
    with pytest.raises(KeyboardInterrupt):
        download(file, events)
    assert part_path(file.path).read_bytes() == CONTENT[: len(CONTENT) // 2]
    assert not file.path.exists()
    server.requests.clear()
    download(declare("ok"), Events())
    assert ranges(server) == ["bytes=200000-"]
    assert file.path.read_bytes() == CONTENT


def test_a_second_download_waits_for_the_first(
    declare: Callable[..., WeightsFile], server: WeightsServer
) -> None:
    first, waits = Events(), threading.Event()
    second = Events()
    file = declare("half", "ok")
    second.note = lambda text: waits.set()  # type: ignore[method-assign]
    errors: list[BaseException] = []

    def run(events: Events) -> None:
        try:
            download(file, events, timeout=200)
        except BaseException as error:
            errors.append(error)

    one = threading.Thread(target=run, args=(first,))
    one.start()
    assert server.half_sent.wait(240)
    two = threading.Thread(target=run, args=(second,))
    two.start()
    assert waits.wait(240)
    server.release.set()
    one.join()
    two.join()
    assert errors == []
    assert file.path.read_bytes() == CONTENT
    assert names(file) == ["net.onnx"]
    assert (first.received, second.received) == (len(CONTENT), 0)


def test_a_full_disk_keeps_the_bytes(
    declare: Callable[..., WeightsFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = declare("ok")
    usage = shutil.disk_usage(file.path.parents[3])
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=399_999))
        with pytest.raises(EnvironmentProblem, match=r"no room for 400 kB .* 400 kB are free"):
            download(file, Events())
    events = Events()
    original = part_file.PartFile.append

    def full(self: part_file.PartFile, data: bytes) -> None:
        if self.size > 100_000:
            with self._write_errors():
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        original(self, data[:1000])
        original(self, data[1000:])

    with monkeypatch.context() as patch:
        patch.setattr(part_file.PartFile, "append", full)
        with pytest.raises(EnvironmentProblem, match="No space left on device"):
            download(file, events)
    assert not file.path.exists()
    size = part_path(file.path).stat().st_size
    assert part_path(file.path).read_bytes() == CONTENT[:size]
    download(file, Events())
    assert file.path.read_bytes() == CONTENT


@pytest.mark.parametrize("obstacle", ["file", "folder", "link", "pipe"])
def test_a_folder_that_cannot_be_used_gives_one_line(
    declare: Callable[..., WeightsFile], tmp_path: Path, obstacle: str
) -> None:
    file = declare("ok")
    part = part_path(file.path)
    if obstacle == "file":
        (tmp_path / "weights").write_text("in the way")
    else:
        part.parent.mkdir(parents=True)
        if obstacle == "folder":
            part.mkdir()
        elif obstacle == "link":
            part.symlink_to(tmp_path / "target")
        elif os.name == "posix":
            os.mkfifo(part)
        else:
            pytest.skip("no named pipes")
    with pytest.raises(ColortkError) as caught:
        download(file, Events())
    assert isinstance(caught.value, EnvironmentProblem)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "target").exists()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_gives_one_line(
    declare: Callable[..., WeightsFile], tmp_path: Path
) -> None:
    file = declare("ok")
    (tmp_path / "weights").mkdir(mode=0o500)
    with pytest.raises(EnvironmentProblem, match="Permission denied"):
        download(file, Events())


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_a_folder_that_refuses_files_gives_one_line(
    declare: Callable[..., WeightsFile], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    original = os.open

    def refuse(path: Any, *arguments: Any, **more: Any) -> int:
        if str(path).endswith(".part"):
            raise OSError(number, os.strerror(number), path)
        return original(path, *arguments, **more)

    file = declare("ok")
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        with pytest.raises(EnvironmentProblem) as caught:
            download(file, Events())
    assert os.strerror(number) in str(caught.value)
    assert "set COLORTK_WEIGHTS" in str(caught.value)
    assert names(file) == []
