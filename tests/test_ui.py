"""The web page without Gradio or a browser: results, messages and refused input."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colortk.cli.main import invoke
from colortk.errors import ColortkError, EnvironmentProblem, PictureError, UsageError
from colortk.harness.plugin_variants import parse_variant
from colortk.metrics import score
from colortk.plugin.registry import registry
from colortk.ui.limits import Limits
from colortk.ui.picture_comparison import compare_plugins
from colortk.ui.picture_conversion import UploadOptions, colorize_picture
from colortk.ui.plugin_pool import PluginPool, create_plugin_pool
from colortk.ui.previews import file_url, gray_preview, heat_map
from colortk.ui.server import ServerSettings, is_loopback, open_socket
from conftest import Run, colorizer_module, one_line, photo


@pytest.fixture(scope="module")
def gray() -> Iterator[PluginPool]:
    found = PluginPool([parse_variant("gray"), parse_variant("mean_color")])
    yield found
    found.close()


def exif_photo(path: Path, **options: Any) -> Path:
    exif = Image.Exif()
    exif[0x010E] = "a street"
    exif[0x0112] = 6  # to be rotated
    Image.fromarray(photo(60, 90)).save(path, exif=exif, dpi=(300, 300), **options)
    return path


@pytest.mark.parametrize(
    "name, kind, strength",
    [("a b.jpg", "", 1.0), ("a.png", "", 0.5), ("a.jpg", "png", 2.0), ("wide.png", "tif", 1.0)],
)
def test_the_page_gives_the_same_file_as_run(
    name: str, kind: str, strength: float, gray: PluginPool, tmp_path: Path
) -> None:
    source = tmp_path / name
    if name.startswith("wide"):
        Image.fromarray(photo(60, 90)[..., 0].astype(np.uint16) * 257).save(source)
    else:
        exif_photo(source)
    (tmp_path / "page").mkdir()
    made = colorize_picture(
        source, name, gray.get("mean_color"), UploadOptions(strength, "ratio", kind), Limits(),
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


def test_gray_of_a_picture_has_its_lightness() -> None:
    from skimage.color import rgb2lab

    picture = photo()
    gray = gray_preview(picture)
    assert (gray[..., 0] == gray[..., 2]).all()
    assert np.abs(rgb2lab(gray)[..., 0] - rgb2lab(picture)[..., 0]).max() < 0.4


def bomb(path: Path) -> Path:
    """Return a PNG whose header states 20,000 × 20,000 pixels."""
    import struct
    import zlib

    head = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + head
    data = (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )
    path.write_bytes(data + b"\0\0\0\0IDAT")
    return path


def test_unreadable_uploads_are_messages(gray: PluginPool, tmp_path: Path) -> None:
    def refused(words: str, path: Path, limits: Limits = Limits()) -> None:  # noqa: B008
        with pytest.raises(PictureError, match=words) as caught:
            colorize_picture(path, path.name, gray.get("gray"), UploadOptions(), limits, tmp_path)
        assert "\n" not in str(caught.value)

    text = tmp_path / "text.png"
    text.write_text("no picture at all")
    cut = exif_photo(tmp_path / "cut.jpg")
    cut.write_bytes(cut.read_bytes()[:900])
    good = exif_photo(tmp_path / "good.png")
    refused("not a picture", text)
    refused("damaged|not a picture", cut)
    refused("over the limit of 50,000,000 pixels", bomb(tmp_path / "bomb.png"))
    refused("0.0 MB; the limit is 0.001 MB", good, Limits(upload=1000))
    refused("over the limit of 100 pixels", good, Limits(pixels=100))
    refused("it was deleted", tmp_path / "gone.png")


def test_a_comparison_equals_that_of_the_harness(gray: PluginPool, tmp_path: Path) -> None:
    source = tmp_path / "x.png"
    Image.fromarray(photo(200, 220)).save(source)
    found = compare_plugins(source, "x.png", gray.labels, 1.0, gray, Limits(), tmp_path)
    assert (found.width, found.height, found.scored) == (220, 200, True)
    assert [row.label for row in found.rows] == ["gray", "mean_color"]
    names = [metric.name for metric in found.metrics]
    first = found.rows[0]
    wanted = score(gray_preview(photo(200, 220)), photo(200, 220), names)
    for name in names:
        assert first.scores[name] == pytest.approx(wanted[name], rel=0.02, abs=0.02), name
    assert first.heat is not None
    with Image.open(first.heat) as image:
        assert image.size == (220, 200)
    assert (heat_map(np.array([[0.0, 40.0, 80.0]]))[0].sum(1).astype(int)[[1, 2]] > 600).all()


def test_a_comparison_with_gray_and_a_failing_plugin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gray: PluginPool
) -> None:
    source = tmp_path / "x.png"
    Image.fromarray(photo(50, 40)[..., 0]).save(source)

    def fails(label: str) -> Any:
        if label == "gray":
            raise PictureError("plugin 'gray' failed", "on purpose")
        return get(label)

    get = gray.get
    monkeypatch.setattr(gray, "get", fails)
    found = compare_plugins(source, "x.png", gray.labels, 1.0, gray, Limits(), tmp_path)
    assert not found.scored
    assert found.rows[0].error == "plugin 'gray' failed: on purpose"
    assert found.rows[1].picture is not None
    assert found.rows[1].heat is None
    for labels, words in (
        ([], "no plugin is chosen"),
        (["gray"] * 9, "too many"),
        (["x"], "no plugin"),
    ):
        with pytest.raises(UsageError, match=words):
            compare_plugins(source, "x.png", labels, 1.0, gray, Limits(), tmp_path)


def test_plugins_are_started_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from colortk.ui import pooled_plugin as module

    starts = []

    class Started(module.Isolated):
        def _start(self) -> None:
            starts.append(self.request.plugin)
            super()._start()

    monkeypatch.setattr(module, "Isolated", Started)
    found, notes = create_plugin_pool([])
    assert found.labels[:2] == ["effnet_bins", "vgg16_residual"]
    assert found.labels[-1] == "gray"
    assert (starts, notes) == ([], [])
    for label in found.labels:
        spec = registry().colorizer(label)[1]
        assert spec.artifacts or not spec.trainer, f"{label} is not trained"
    threads = [threading.Thread(target=found.get, args=("gray",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert starts == ["gray"]
    assert found.get("gray").strength == 1
    found.close()
    half = create_plugin_pool(["gray:strength=0.5"])[0]
    assert half.get("gray:strength=0.5").strength == 0.5
    half.close()
    with pytest.raises(UsageError, match="did you mean 'gray'"):
        create_plugin_pool(["gra"])
    with pytest.raises(UsageError, match="this page has no plugin 'x'"):
        found.get("x")


@pytest.mark.slow
def test_a_crashing_or_hanging_plugin_fails_one_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, distribution: Callable[..., Path]
) -> None:
    zeros = "return np.zeros((*lightness.shape, 2), np.float32)"
    dark = "lightness.mean() < 20"
    for name, end in (
        ("dies", "__import__('os')._exit(7)"),
        ("hangs", "__import__('time').sleep(600)"),
    ):
        site = distribution(name, colorizer_module(name, name, f"{end} if {dark} else 0; {zeros}"))
    monkeypatch.syspath_prepend(str(site))
    registry.cache_clear()
    try:
        found, _ = create_plugin_pool(["dies", "hangs", "gray"], timeout=60)
        for level, limit, errors in (
            (0, 1, ["its process ended (exit code 7)", "no reply on a picture within 1 s", ""]),
            (200, 60, ["", "", ""]),
        ):
            # A short limit only where the plugin hangs: a busy machine may exceed it elsewhere.
            found.get("hangs")._isolated.timeout = limit
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


def test_a_plugin_that_is_loaded_when_the_page_ends_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from colortk.ui import plugin_pool, pooled_plugin

    ended: list[str] = []
    pool = PluginPool([parse_variant("gray"), parse_variant("effnet_bins")])

    class Loading:
        """A plugin; the page ends while it is loaded."""

        spec, digest, options_key = None, "", "{}"

        def __init__(self, *_: object) -> None:
            pool.close()

        def close(self) -> None:
            ended.append(type(self).__name__)

    monkeypatch.setattr(plugin_pool, "PooledPlugin", Loading)
    with pytest.raises(UsageError, match="has stopped"):
        pool.get("gray")
    assert ended == ["Loading"]

    monkeypatch.setattr(pooled_plugin, "Isolated", Loading)
    plugin = pooled_plugin.PooledPlugin(parse_variant("effnet_bins"), 60)
    monkeypatch.setattr(pool, "close", plugin.close)
    with pytest.raises(UsageError, match="has stopped"):
        plugin.predict(np.zeros((8, 8), np.float32), ("vividness=0.5",))
    assert ended == ["Loading"] * 3  # both processes
    with pytest.raises(UsageError, match="has stopped"):
        plugin.predict(np.zeros((8, 8), np.float32))


def test_addresses_are_escaped_in_html(tmp_path: Path) -> None:
    told = file_url(tmp_path / "a 'b' \"c\" <d>&#.jpg")
    assert not set("'\"<>& #") & set(told)


def test_a_port_in_use_is_one_line(colortk: Run) -> None:
    with open_socket(ServerSettings()) as first:
        assert is_loopback(first)
        port = first.getsockname()[1]
        with open_socket(ServerSettings()) as second:
            assert second.getsockname()[1] != port
        with pytest.raises(EnvironmentProblem, match="another --port"):
            open_socket(ServerSettings(port=port))
        run = colortk("ui", "--port", port, "-p", "gray")
    one_line(run, 3, f"cannot listen on 127.0.0.1:{port}", "in use")


@pytest.mark.slow
def test_wrong_options_are_one_line(colortk: Run, tmp_path: Path) -> None:
    one_line(colortk("ui", "--survey", "nowhere", "-p", "gray"), 2, "no survey 'nowhere'")
    one_line(colortk("ui", "-p", "gra"), 2, "did you mean 'gray'")
    one_line(colortk("ui", "-p", "gray", "--host", "no such host"), 2, "--host")
    one_line(colortk("ui", "--port", "0"), 2, "--port")


def test_without_gradio_one_line_says_how_to_install_it(colortk: Run, tmp_path: Path) -> None:
    (tmp_path / "none" / "gradio").mkdir(parents=True)
    (tmp_path / "none" / "gradio" / "__init__.py").write_text("raise ImportError('No gradio here')")
    run = colortk("ui", "-p", "gray", plugins=tmp_path / "none")
    one_line(run, 3, "needs Gradio", "pip install")
    assert not list(Path(os.environ.get("TMPDIR", "/tmp")).glob("colortk-ui-*/none"))


@pytest.mark.slow
def test_errors_contain_no_paths_of_the_server(tmp_path: Path) -> None:
    pytest.importorskip("gradio.exceptions", reason="the web page needs Gradio: pip install gradio")
    from colortk.ui.event_handlers import visitor_message

    error = ColortkError(
        f"cannot read '{tmp_path}/visitor-1/w/film-2/my film.mp4'", "no", "use --force"
    )
    assert visitor_message(error, tmp_path) == "Cannot read 'my film.mp4': no"


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
def test_page_url_names_the_bound_port() -> None:
    from colortk.ui.server import page_url

    with open_socket(ServerSettings()) as listening:
        port = listening.getsockname()[1]
        assert page_url("127.0.0.1", listening) == f"http://127.0.0.1:{port}/"
        assert page_url("::1", listening) == f"http://[::1]:{port}/"
    with open_socket(ServerSettings("0.0.0.0")) as listening:
        assert not is_loopback(listening)


HOLDS = """
import sys, tempfile
from colortk.ui.page_folder import page_folder
with page_folder() as folder:
    (folder / "photograph.png").write_text("x")
    print(folder, flush=True)
    sys.stdin.read()
"""


def test_files_of_a_killed_page_are_deleted_by_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("fcntl", reason="locks end with their process on POSIX alone")
    from colortk.ui.page_folder import delete_abandoned, page_folder

    processes = []
    for _ in range(2):
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "TMPDIR": str(tmp_path)}, encoding="utf-8",
        )  # fmt: skip
        assert process.stdout is not None
        processes.append((process, Path(process.stdout.readline().strip())))
    (killed, killed_folder), (runs, runs_folder) = processes
    killed.kill()
    killed.wait()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "page.lock").touch()
    (tmp_path / "colortk-ui-link").symlink_to(elsewhere)
    (tmp_path / "colortk-ui-without-lock").mkdir()
    assert killed_folder.stat().st_mode & 0o077 == 0
    assert (killed_folder / "photograph.png").exists()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with page_folder() as folder:
        assert not killed_folder.exists()
        assert (runs_folder / "photograph.png").exists()
        assert (elsewhere / "page.lock").exists()
        assert (tmp_path / "colortk-ui-without-lock").exists()
        delete_abandoned(tmp_path)
        assert folder.exists()
    assert not folder.exists()
    runs.communicate()
    assert runs.returncode == 0
    assert not runs_folder.exists()
    assert killed.stdin is not None
    assert killed.stdout is not None
    killed.stdin.close()
    killed.stdout.close()
