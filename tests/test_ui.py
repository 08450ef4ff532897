"""The page without Gradio or a browser: what it makes, what it refuses, and what it deletes."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colortk.cli.main import invoke
from colortk.errors import ColortkError, EnvironmentProblem, PictureError, UsageError
from colortk.harness.entries import entry
from colortk.host import registry
from colortk.metrics import score
from colortk.ui import guard as guards
from colortk.ui import visitors as visiting
from colortk.ui.comparing import compare_plugins
from colortk.ui.guard import Guard
from colortk.ui.limits import Limits
from colortk.ui.pictures import Wanted, colorize_picture
from colortk.ui.server import Place, bound, is_loopback
from colortk.ui.shelf import Shelf, shelf
from colortk.ui.views import address, heat, without_colour
from colortk.ui.visitors import COOKIE, Visitors, is_token, new_token
from conftest import Run, colorizer_module, one_line, photo

ME, YOU = "m" * 43, "y" * 43


@pytest.fixture(scope="module")
def gray() -> Iterator[Shelf]:
    found = Shelf([entry("gray"), entry("mean_color")])
    yield found
    found.close()


def exif_photo(path: Path, **options: Any) -> Path:
    exif = Image.Exif()
    exif[0x010E] = "a street"
    exif[0x0112] = 6  # to be turned
    Image.fromarray(photo(60, 90)).save(path, exif=exif, dpi=(300, 300), **options)
    return path


@pytest.mark.parametrize(
    "name, kind, strength",
    [("a b.jpg", "", 1.0), ("a.png", "", 0.5), ("a.jpg", "png", 2.0), ("wide.png", "tif", 1.0)],
)
def test_a_result_is_what_run_writes(
    name: str, kind: str, strength: float, gray: Shelf, tmp_path: Path
) -> None:
    source = tmp_path / name
    if name.startswith("wide"):
        Image.fromarray(photo(60, 90)[..., 0].astype(np.uint16) * 257).save(source)
    else:
        exif_photo(source)
    (tmp_path / "page").mkdir()
    made = colorize_picture(
        source, name, gray.take("mean_color"), Wanted(strength, "ratio", kind), Limits(),
        tmp_path / "page",
    )  # fmt: skip
    (tmp_path / "run").mkdir()
    ending = ["--ext", kind] if kind else []
    assert (
        invoke(["run", "-p", "mean_color", "--strength", str(strength), *ending, str(source)]) == 0
    )
    written = source.with_name(made.file.name)
    assert made.file.read_bytes() == written.read_bytes()
    with Image.open(made.file) as image:
        assert image.size == (made.width, made.height)
        if not name.startswith("wide"):
            assert image.size == (60, 90)  # upright
            assert image.getexif()[0x010E] == "a street"
    with Image.open(made.before) as before, Image.open(made.after) as after:
        assert before.size == after.size == (made.width, made.height)
        assert np.ptp(np.asarray(before).astype(int), 2).max() <= 4


def test_grey_of_a_picture_has_its_lightness() -> None:
    from skimage.color import rgb2lab

    picture = photo()
    grey = without_colour(picture)
    assert (grey[..., 0] == grey[..., 2]).all()
    assert np.abs(rgb2lab(grey)[..., 0] - rgb2lab(picture)[..., 0]).max() < 0.4


def bomb(path: Path) -> Path:
    """A PNG that says that it has 20,000 × 20,000 pixels."""
    import struct
    import zlib

    head = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + head
    data = (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )
    path.write_bytes(data + b"\0\0\0\0IDAT")
    return path


def test_what_cannot_be_read(gray: Shelf, tmp_path: Path) -> None:
    def refused(words: str, path: Path, limits: Limits = Limits()) -> None:  # noqa: B008
        with pytest.raises(PictureError, match=words) as caught:
            colorize_picture(path, path.name, gray.take("gray"), Wanted(), limits, tmp_path)
        assert "\n" not in str(caught.value)

    text = tmp_path / "text.png"
    text.write_text("no picture at all")
    cut = exif_photo(tmp_path / "cut.jpg")
    cut.write_bytes(cut.read_bytes()[:900])
    good = exif_photo(tmp_path / "good.png")
    refused("not a picture", text)
    refused("damaged|not a picture", cut)
    refused("over the limit of 50,000,000 pixels", bomb(tmp_path / "bomb.png"))
    refused("0.0 MB, the limit is 0.001 MB", good, Limits(upload=1000))
    refused("over the limit of 100 pixels", good, Limits(pixels=100))
    refused("not here any more", tmp_path / "gone.png")


def test_a_comparison_is_the_harness(gray: Shelf, tmp_path: Path) -> None:
    source = tmp_path / "x.png"
    Image.fromarray(photo(200, 220)).save(source)
    found = compare_plugins(source, "x.png", gray.labels, 1.0, gray, Limits(), tmp_path)
    assert (found.width, found.height, found.scored) == (220, 200, True)
    assert [row.label for row in found.rows] == ["gray", "mean_color"]
    names = [metric.name for metric in found.metrics]
    first = found.rows[0]
    wanted = score(without_colour(photo(200, 220)), photo(200, 220), names)
    for name in names:
        assert first.scores[name] == pytest.approx(wanted[name], rel=0.02, abs=0.02), name
    assert first.heat is not None
    with Image.open(first.heat) as image:
        assert image.size == (220, 200)
    assert (heat(np.array([[0.0, 40.0, 80.0]]))[0].sum(1).astype(int)[[1, 2]] > 600).all()


def test_a_comparison_of_grey_and_of_what_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gray: Shelf
) -> None:
    source = tmp_path / "x.png"
    Image.fromarray(photo(50, 40)[..., 0]).save(source)

    def fails(label: str) -> Any:
        if label == "gray":
            raise PictureError("plugin 'gray' failed", "on purpose")
        return take(label)

    take = gray.take
    monkeypatch.setattr(gray, "take", fails)
    found = compare_plugins(source, "x.png", gray.labels, 1.0, gray, Limits(), tmp_path)
    assert not found.scored
    assert found.rows[0].error == "plugin 'gray' failed: on purpose"
    assert found.rows[1].picture is not None
    assert found.rows[1].heat is None
    for labels, words in (
        ([], "nothing to compare"),
        (["gray"] * 9, "too many"),
        (["x"], "no plugin"),
    ):
        with pytest.raises(UsageError, match=words):
            compare_plugins(source, "x.png", labels, 1.0, gray, Limits(), tmp_path)


def test_plugins_are_started_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from colortk.ui import shelf as module

    starts = []

    class Started(module.Isolated):
        def _start(self) -> None:
            starts.append(self.request.plugin)
            super()._start()

    monkeypatch.setattr(module, "Isolated", Started)
    found, notes = shelf([])
    assert found.labels[:2] == ["vgg16_residual", "sift_mlp"]
    assert found.labels[-1] == "gray"
    assert (starts, notes) == ([], [])
    for label in found.labels:
        spec = registry().colorizer(label)[1]
        assert spec.artifacts or not spec.trainer, f"{label} is not trained"
    threads = [threading.Thread(target=found.take, args=("gray",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert starts == ["gray"]
    assert found.take("gray").strength == 1
    found.close()
    half = shelf(["gray:strength=0.5"])[0]
    assert half.take("gray:strength=0.5").strength == 0.5
    half.close()
    with pytest.raises(UsageError, match="did you mean 'gray'"):
        shelf(["grey"])
    with pytest.raises(UsageError, match="no plugin 'x' here"):
        found.take("x")


def test_a_plugin_that_dies_or_hangs_costs_its_own_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, distribution: Callable[..., Path]
) -> None:
    zeros = "return np.zeros((*lightness.shape, 2), np.float32)"
    dark = "lightness.mean() < 20"
    for name, end in (
        ("dies", "__import__('os')._exit(7)"),
        ("hangs", "__import__('time').sleep(60)"),
    ):
        site = distribution(name, colorizer_module(name, name, f"{end} if {dark} else 0; {zeros}"))
    monkeypatch.syspath_prepend(str(site))
    registry.cache_clear()
    try:
        found, _ = shelf(["dies", "hangs", "gray"], timeout=1)
        for level, errors in (
            (0, ["its process ended (exit code 7)", "no answer on a picture in 1 s", ""]),
            (200, ["", "", ""]),
        ):
            source = tmp_path / f"{level}.png"
            Image.new("L", (40, 40), level).save(source)
            made = compare_plugins(
                source, source.name, found.labels, 1.0, found, Limits(), tmp_path
            )  # fmt: skip
            for row, words in zip(made.rows, errors, strict=True):
                assert (words in row.error) if words else (row.error == ""), row
                assert (row.picture is None) == bool(words)
        found.close()
    finally:
        registry.cache_clear()


def test_what_a_visitor_has_is_theirs_until_they_have_gone(tmp_path: Path) -> None:
    now = 1000.0
    visitors = Visitors(tmp_path, lambda: now)
    assert is_token(new_token())
    assert not is_token("x")
    upload = tmp_path / "hash" / "a.png"
    upload.parent.mkdir()
    upload.write_text("a")
    visitors.uploaded(ME, [str(upload)])
    result = visitors.result_folder(ME, "w", "picture") / "a-colorized.png"
    result.write_text("b")
    for path in (upload, result):
        assert visitors.owns(ME, str(path))
        assert not visitors.owns(YOU, str(path))
    mine = visitors.of(ME).folder
    (mine / "link").symlink_to("/etc/passwd")
    for path in ("/etc/passwd", "a.png", f"{mine}/../../x", f"{mine}/link", "\0", str(mine)):
        assert not visitors.owns(ME, path), path
    assert visitors.claims(ME, "w")
    assert not visitors.claims(YOU, "w")

    with visitors.connected(ME):
        assert visitors.present(ME)
        now += 2 * visiting.KEPT
        visitors.sweep()
        assert result.exists()
    assert not visitors.present(ME)
    visitors.uploaded(YOU, [str(upload)])
    now += visiting.KEPT + 1
    visitors.of(YOU)
    visitors.sweep()
    assert not mine.exists()
    assert upload.exists()  # somebody else has uploaded the same
    now += visiting.KEPT + 1
    visitors.sweep()
    assert list(tmp_path.iterdir()) == []


def test_only_the_latest_is_kept(tmp_path: Path) -> None:
    visitors = Visitors(tmp_path)
    folders = [visitors.result_folder(ME, "w", "picture") for _ in range(5)]
    visitors.result_folder(ME, "w", "film")
    assert [folder.exists() for folder in folders] == [False, False, False, True, True]
    paths = []
    for number in range(visiting.UPLOADS + 2):
        path = tmp_path / str(number) / "x.png"
        path.parent.mkdir()
        path.write_text("x")
        visitors.uploaded(ME, [str(path)])
        paths.append(path)
    assert [path.exists() for path in paths] == [False] * 2 + [True] * visiting.UPLOADS
    with pytest.raises(PictureError, match="out of date"):
        visitors.result_folder(None, "w", "picture")


class Behind:
    """What stands behind the guard: it notes what comes through, and answers."""

    def __init__(self, body: bytes = b"[]") -> None:
        self.paths: list[str] = []
        self.bodies: list[bytes] = []
        self.body = body

    async def __call__(
        self, scope: Any, receive: Callable[..., Any], send: Callable[..., Any]
    ) -> None:
        self.paths.append(scope["path"])
        body = b""
        while True:
            part = await receive()
            if part["type"] == "http.disconnect":
                raise OSError("the client has gone")
            body += part["body"]
            if not part.get("more_body"):
                break
        self.bodies.append(body)
        headers = [(b"access-control-allow-origin", b"*"), (b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def ask(
    guarded: Guard,
    method: str,
    path: str,
    body: bytes = b"",
    token: str | None = ME,
    **headers: str,
) -> tuple[int, dict[str, str], bytes]:
    """One request through a guard; ``_`` in names of headers is ``-``."""
    given = {"host": "localhost:7860", **{k.replace("_", "-"): v for k, v in headers.items()}}
    if token is not None:
        given["cookie"] = f"other=1; {COOKIE}={token}"
    path, _, query = path.partition("?")
    scope = {
        "type": "http", "method": method, "path": path, "query_string": query.encode(),
        "headers": [(k.encode(), v.encode()) for k, v in given.items()],
    }  # fmt: skip
    half = len(body) // 2
    parts = [
        {"type": "http.request", "body": body[:half], "more_body": True},
        {"type": "http.request", "body": body[half:], "more_body": False},
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return parts.pop(0)

    async def send(part: dict[str, Any]) -> None:
        sent.append(part)

    asyncio.run(guarded(scope, receive, send))
    assert [part["type"] for part in sent] == ["http.response.start", "http.response.body"]
    said = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], said, sent[1]["body"]


@pytest.fixture
def behind(tmp_path: Path) -> tuple[Guard, Behind, Visitors]:
    application, visitors = Behind(), Visitors(tmp_path)
    return Guard(application, visitors, Limits(upload=1000), True), application, visitors


def test_a_guarded_page_loads_nothing_from_elsewhere(
    behind: tuple[Guard, Behind, Visitors],
) -> None:
    guarded, application, _ = behind
    status, headers, _ = ask(guarded, "GET", "/?deep_link=x", token=None)
    assert status == 200
    assert headers["set-cookie"].startswith(f"{COOKIE}=")
    assert "HttpOnly; SameSite=Lax" in headers["set-cookie"]
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "access-control-allow-origin" not in headers
    assert "set-cookie" not in ask(guarded, "GET", "/")[1]
    assert ask(guarded, "GET", "/assets/x.js", token=None)[0] == 200
    assert application.paths == ["/", "/", "/assets/x.js"]


@pytest.mark.parametrize(
    "method, path",
    [
        ("GET", "/gradio_api/file=/etc/passwd"),
        ("GET", "/gradio_api/file=/tmp/../etc/passwd"),
        ("GET", "/gradio_api/file=https://example.com/"),
        ("GET", "/gradio_api/file=README.md"),
        ("GET", "/gradio_api/file/etc/passwd"),
        ("GET", "/gradio_api/proxy=https://example.com/"),
        ("GET", "/gradio_api/info"),
        ("GET", "/config"),
        ("GET", "/monitoring"),
        ("GET", "/gradio_api/runs"),
        ("GET", "/gradio_api/deep_link"),
        ("POST", "/gradio_api/call/predict"),
        ("POST", "/gradio_api/component_server"),
        ("POST", "/gradio_api/vibe-edit"),
        ("POST", "/login"),
        ("PUT", "/"),
        ("GET", "//"),
    ],
)
def test_doors_that_the_page_does_not_have(
    method: str, path: str, behind: tuple[Guard, Behind, Visitors]
) -> None:
    guarded, application, _ = behind
    assert ask(guarded, method, path)[0] == 404
    assert application.paths == []


def test_other_sites_and_other_names(behind: tuple[Guard, Behind, Visitors]) -> None:
    guarded, application, visitors = behind
    join = "/gradio_api/queue/join"
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:1"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ):
        assert ask(guarded, "POST", join, b"{}", **headers)[0] == 403
    assert ask(guarded, "GET", "/", host="evil.example")[0] == 421
    assert ask(guarded, "GET", "/", host="localhost.evil.example:7860")[0] == 421
    assert application.paths == []
    good = {"origin": "http://localhost:7860", "sec_fetch_site": "same-origin"}
    assert ask(guarded, "POST", join, b"{}", **good)[0] == 200
    for host in ("127.0.0.1:9", "[::1]:7860", "LOCALHOST"):
        assert ask(guarded, "GET", "/", host=host)[0] == 200
    public = Guard(application, visitors, Limits(), False)
    assert ask(public, "GET", "/", host="server.example")[0] == 200
    assert ask(public, "POST", join, b"{}", host="server.example", origin="http://x")[0] == 403


def test_messages_name_only_what_is_the_visitors(
    behind: tuple[Guard, Behind, Visitors], tmp_path: Path
) -> None:
    guarded, application, visitors = behind
    upload = tmp_path / "h" / "x.png"
    upload.parent.mkdir()
    upload.write_text("x")
    visitors.uploaded(ME, [str(upload)])

    def join(token: str | None, path: Any, session: str = "s", door: str = "queue/join") -> int:
        data = [1, {"a": [{"path": path, "meta": {"_type": "gradio.FileData"}}]}]
        body = json.dumps({"data": data, "session_hash": session, "fn_index": 0}).encode()
        return ask(guarded, "POST", f"/gradio_api/{door}", body, token=token)[0]

    assert join(ME, str(upload)) == 200
    assert json.loads(application.bodies[-1])["session_hash"] == "s"
    assert join(ME, None) == 200
    assert join(YOU, str(upload), "t") == 403
    assert join(None, None) == 403
    assert join(YOU, None, "s") == 403  # my window
    for path in ("/etc/passwd", "https://example.com/x.png", ["x"], f"{upload}/../../y.png"):
        assert join(ME, path) == 403, path
        assert join(ME, path, door="run/predict") == 403
    assert ask(guarded, "POST", "/gradio_api/queue/join", b"no json")[0] == 400
    assert ask(guarded, "POST", "/gradio_api/queue/join", b"[" * 100_000)[0] == 400
    assert ask(guarded, "POST", "/gradio_api/queue/join", b" " * 1_000_001)[0] == 413
    assert ask(guarded, "GET", "/gradio_api/queue/data?session_hash=s", token=YOU)[0] == 403
    assert ask(guarded, "GET", "/gradio_api/heartbeat/s", token=YOU)[0] == 403
    assert ask(guarded, "GET", "/gradio_api/heartbeat/s")[0] == 200
    assert ask(guarded, "GET", f"/gradio_api/file={upload}")[0] == 200
    assert ask(guarded, "GET", f"/gradio_api/file={upload}", token=YOU)[0] == 404


def test_uploads_are_limited_and_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "FORM", 100)
    path = tmp_path / "h" / "x.png"
    path.parent.mkdir()
    path.write_text("x")
    application, visitors = Behind(json.dumps([str(path)]).encode()), Visitors(tmp_path)
    guarded = Guard(application, visitors, Limits(upload=1000), True)
    door = "/gradio_api/upload"
    assert ask(guarded, "POST", door, b"x" * 900, content_length="900")[0] == 200
    assert visitors.owns(ME, str(path))
    assert not visitors.owns(YOU, str(path))
    assert ask(guarded, "POST", door, b"x", token=None)[0] == 403
    status, _, said = ask(guarded, "POST", door, content_length="2000")
    assert status == 413
    assert b"the limit is 0.001 MB" in said
    assert ask(guarded, "POST", door, b"x" * 2000)[0] == 413  # it does not say how long it is
    monkeypatch.setattr(guards, "UPLOADS", 0)
    assert ask(guarded, "POST", door, content_length="9")[0] == 503


def test_an_address_can_stand_in_html(tmp_path: Path) -> None:
    told = address(tmp_path / "a 'b' \"c\" <d>&#.jpg")
    assert not set("'\"<>& #") & set(told)


def test_a_port_in_use_is_one_line(colortk: Run) -> None:
    with bound(Place()) as first:
        assert is_loopback(first)
        port = first.getsockname()[1]
        with bound(Place()) as second:
            assert second.getsockname()[1] != port
        with pytest.raises(EnvironmentProblem, match="another --port"):
            bound(Place(port=port))
        run = colortk("ui", "--port", port, "-p", "gray")
    one_line(run, 3, f"cannot listen on 127.0.0.1:{port}", "in use")


def test_bad_calls(colortk: Run, tmp_path: Path) -> None:
    one_line(colortk("ui", "--survey", "nowhere", "-p", "gray"), 2, "no survey 'nowhere'")
    one_line(colortk("ui", "-p", "grey"), 2, "did you mean 'gray'")
    one_line(colortk("ui", "-p", "gray", "--host", "no such host"), 2, "--host")
    one_line(colortk("ui", "--port", "0"), 2, "--port")


def test_without_gradio_one_line_says_how_to_get_it(colortk: Run, tmp_path: Path) -> None:
    (tmp_path / "none" / "gradio").mkdir(parents=True)
    (tmp_path / "none" / "gradio" / "__init__.py").write_text("raise ImportError('No gradio here')")
    run = colortk("ui", "-p", "gray", plugins=tmp_path / "none")
    one_line(run, 3, "needs Gradio", "pip install")
    assert not list(Path(os.environ.get("TMPDIR", "/tmp")).glob("colortk-ui-*/none"))


def test_an_error_tells_no_paths_of_the_machine(tmp_path: Path) -> None:
    pytest.importorskip("gradio.exceptions", reason="the page needs Gradio: pip install gradio")
    from colortk.ui.events import message

    error = ColortkError(
        f"cannot read '{tmp_path}/visitor-1/w/film-2/my film.mp4'", "no", "use --force"
    )
    assert message(error, tmp_path) == "Cannot read 'my film.mp4': no"


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
def test_addresses() -> None:
    from colortk.ui.server import address_of

    with bound(Place()) as listening:
        port = listening.getsockname()[1]
        assert address_of("127.0.0.1", listening) == f"http://127.0.0.1:{port}/"
        assert address_of("::1", listening) == f"http://[::1]:{port}/"
    with bound(Place("0.0.0.0")) as listening:
        assert not is_loopback(listening)
