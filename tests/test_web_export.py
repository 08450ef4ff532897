"""``colortk web export``: the page in Chromium, its files, and its failures."""

from __future__ import annotations

import functools
import http.server
import json
import re
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colortk.cli.main import invoke
from colortk.color.cielab import lightness
from colortk.pipeline import colorize, refiner
from colortk.runtime.loading import PluginRequest, load
from colortk.web.page_folder import RUNTIME_FILES, page_files, write_page
from exported_files import difference, photograph
from node_packages import node_package
from pages import browsing, missing_browser

FACTS = {"plugin": "p", "license": "MIT", "colortk": "1", "usage": ""}


@pytest.fixture
def runtime(tmp_path: Path) -> Path:
    """A folder with the files of the package onnxruntime-web, without their content."""
    folder = tmp_path / "package" / "dist"
    folder.mkdir(parents=True)
    for name in RUNTIME_FILES:
        (folder / name).write_text(name)
    return folder.parent


def test_the_offline_script_lists_every_file_and_changes_with_each() -> None:
    runtime = {"runtime/a.mjs": b"a"}
    contents = page_files(b"model", FACTS, runtime)
    script = contents["offline.js"].decode()
    listed = json.loads(re.search(r"FILES = (\[.*\]);", script)[1])  # type: ignore[index]
    assert set(listed) == {"./", *contents} - {"offline.js"}
    assert list(contents)[-1] == "offline.js"
    assert "__" not in script
    for changed in (
        page_files(b"other", FACTS, runtime),
        page_files(b"model", FACTS, {"runtime/a.mjs": b"b"}),
        page_files(b"model", {**FACTS, "plugin": "q"}, runtime),
    ):
        assert changed["offline.js"] != contents["offline.js"]
    assert page_files(b"model", FACTS, runtime) == contents


def test_the_page_is_small_and_names_no_other_machine() -> None:
    contents = page_files(b"", FACTS, {})
    assert sum(map(len, contents.values())) < 30_000
    for name, content in contents.items():
        assert b"://" not in content, name


@pytest.mark.parametrize("archive", [False, True])
def test_the_page_is_written_whole(
    archive: bool, runtime: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnx")
    source = runtime
    if archive:
        source = tmp_path / "runtime.tgz"
        with tarfile.open(source, "w:gz") as file:
            file.add(runtime, "package")
    folder = tmp_path / "page"
    arguments = ["web", "export", str(folder), "-p", "gray", "--runtime", str(source)]
    assert invoke([*arguments, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    files = {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in folder.rglob("*") if path.is_file()
    }  # fmt: skip
    assert files == report["bytes"]
    assert {f"runtime/{name}" for name in RUNTIME_FILES} < set(files)
    assert json.loads((folder / "facts.json").read_text())["plugin"] == "gray"
    assert invoke(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "--force" in line
    (folder / "page.js").write_text("old")
    write_page(folder, {"page.js": b"new"})
    assert (folder / "page.js").read_bytes() == b"new"
    assert (folder / "index.html").is_file()


@pytest.mark.parametrize("kind", ["missing", "incomplete", "damaged"])
def test_without_the_runtime_nothing_is_written(
    kind: str, runtime: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnx")
    source = tmp_path / "nowhere"
    if kind == "incomplete":
        source = runtime
        (runtime / "dist" / RUNTIME_FILES[-1]).unlink()
    elif kind == "damaged":
        source = tmp_path / "runtime.tgz"
        source.write_bytes(b"\x1f\x8b not an archive")
    folder = tmp_path / "page"
    arguments = ["web", "export", str(folder), "-p", "gray", "--runtime", str(source)]
    assert invoke(arguments) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert "onnxruntime-web" in line
    assert "npm pack" in line
    assert not folder.exists()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """`python -m http.server` without its log."""

    def log_message(self, *_: Any) -> None:
        pass


class Server:
    """A server of static files that can stop."""

    def __init__(self, folder: Path) -> None:
        handler = functools.partial(Quiet, directory=str(folder))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._runs = True

    def stop(self) -> None:
        if self._runs:
            self._runs = False
            self._server.shutdown()
            self._server.server_close()


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Server]:
    """The page with a small network, on a server."""
    pytest.importorskip("onnx")
    if why := missing_browser():
        pytest.skip(why)
    package = node_package("onnxruntime-web")
    if package is None:
        pytest.skip("no onnxruntime-web: npm install onnxruntime-web")
    folder = tmp_path / "page"
    arguments = ["-p", "mean_chrominance", "--runtime", str(package)]
    assert invoke(["web", "export", str(folder), *arguments]) == 0
    server = Server(folder)
    yield server
    server.stop()


def opened(context: Any, address: str, troubles: list[str]) -> Any:
    page = context.new_page()
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda item: troubles.append(item.text) if item.type == "error" else None)
    page.goto(address)
    page.locator("html[data-threads]").wait_for()
    return page


def downloaded(page: Any, folder: Path) -> np.ndarray:
    with page.expect_download() as waiting:
        page.locator("#download").click()
    assert waiting.value.suggested_filename == "a photo-colorized.png"
    path = folder / "result.png"
    waiting.value.save_as(path)
    return np.asarray(Image.open(path))


@pytest.mark.slow
def test_the_page_colors_as_run_does_and_works_offline(page: Server, tmp_path: Path) -> None:
    picture = photograph(97, 131)
    file = tmp_path / "a photo.png"
    alpha = np.full((97, 131, 1), 255, np.uint8)
    alpha[:9] = 0
    Image.fromarray(np.concatenate([picture, alpha], -1)).save(file)
    text = tmp_path / "text.png"
    text.write_text("no picture")
    loaded = load(PluginRequest("mean_chrominance"))
    expected = colorize(lightness(picture), loaded, refiner("ratio")).rgb
    vivid = colorize(lightness(picture), loaded, refiner("ratio"), 2.0).rgb
    troubles: list[str] = []
    requests: list[str] = []
    with browsing() as browser:
        context = browser.new_context(accept_downloads=True)
        context.set_default_timeout(240_000)
        context.on("request", lambda request: requests.append(request.url))
        first = opened(context, page.address, troubles)
        assert first.locator("html").get_attribute("data-threads") == "1"
        first.locator("#file").set_input_files(text)
        first.locator("#status.error", has_text="text.png cannot be read").wait_for()
        first.locator("#file").set_input_files(file)
        first.locator("#status", has_text="a photo.png: done in").wait_for()
        result = downloaded(first, tmp_path)
        assert result.shape == (97, 131, 4)
        assert (result[:9, :, 3] == 0).all()
        assert difference(np.ascontiguousarray(result[9:, :, :3]), expected[9:]) < 0.5
        first.locator("#offline", has_text="works offline").wait_for()

        page.stop()
        second = opened(context, page.address, troubles)
        assert second.evaluate("crossOriginIsolated")
        second.evaluate(
            """async () => {
                const canvas = Object.assign(document.createElement("canvas"), {width: 8, height: 5});
                const blob = await new Promise((done) => canvas.toBlob(done));
                const transfer = new DataTransfer();
                transfer.items.add(new File([blob], "dropped.png", {type: "image/png"}));
                document.body.dispatchEvent(
                    new DragEvent("drop", {dataTransfer: transfer, bubbles: true}));
            }"""
        )
        second.locator("#status", has_text="dropped.png: done in").wait_for()
        second.locator("#file").set_input_files(file)
        second.locator("#status", has_text="a photo.png: done in").wait_for()
        second.locator("#strength").fill("2")
        second.locator('html[data-shown="2 2"]').wait_for()
        result = downloaded(second, tmp_path)
        assert difference(np.ascontiguousarray(result[9:, :, :3]), vivid[9:]) < 0.5
        second.locator("#split").fill("100")
        style = "getComputedStyle(document.querySelector('#before')).clipPath"
        assert "0px" in second.evaluate(style)
    outside = [url for url in requests if not url.startswith((page.address, "blob:", "data:"))]
    assert not outside
    assert not troubles


@pytest.mark.slow
def test_the_default_colorizer_fits_into_nine_megabytes() -> None:
    pytest.importorskip("onnx")
    from colortk.plugin.spec import DEFAULT
    from colortk.runtime.picture_graph.picture_file import FileOptions, picture_file

    model = picture_file(load(PluginRequest(DEFAULT)), FileOptions(strength=True), {})
    assert sum(map(len, page_files(model, FACTS, {}).values())) <= 9_000_000
