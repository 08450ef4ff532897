"""A plugin follows hints itself where its weights do: in pictures, films and on the page."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("onnx", reason="needs onnx")

from colortk.cli.main import invoke
from colortk.color.cielab import rgb_to_lab
from colortk.errors import Notice
from colortk.guidance.constraints import constraints_of
from colortk.guidance.guide import Guide
from colortk.guidance.hints import Hint
from colortk.harness.plugin_variants import parse_variant
from colortk.pipeline import colorize, refiner
from colortk.runtime.isolate import Isolated
from colortk.runtime.loading import PluginRequest, load
from colortk.testing.check_functions import NothingToCheckError, hints_are_followed
from colortk.types import Array
from colortk.ui.kept_predictions import KeptPlugin
from colortk.ui.limits import Limits
from colortk.ui.page_hints import render_hints
from colortk.ui.picture_conversion import UploadOptions, colorize_picture
from colortk.ui.plugin_pool import PluginPool
from guided_networks import PLAIN, write_network

RED = (200, 100, 100)
RED_AB = rgb_to_lab(np.array([[RED]], np.uint8))[0, 0, 1:]


def request(folder: Path, takes_hints: bool) -> PluginRequest:
    return PluginRequest("zhang2017", (), write_network(folder / "w.onnx", takes_hints))


def scene() -> Array:
    """Two gray halves, uint8 (90, 120); a hint in the left one does not spread to the right one."""
    gray = np.full((90, 120), 110, np.uint8)
    gray[:, 60:] = 160
    return gray


@pytest.mark.parametrize("takes_hints", [True, False])
def test_weights_without_inputs_for_hints_leave_them_to_the_host(
    takes_hints: bool, tmp_path: Path
) -> None:
    loaded = load(request(tmp_path, takes_hints))
    assert loaded.follows_hints is takes_hints
    light = rgb_to_lab(np.repeat(scene()[..., None], 3, -1))[..., 0]
    light = np.ascontiguousarray(light, np.float32)
    guide = Guide(constraints_of([Hint(20, 45, RED)], light))
    rgb = colorize(light, loaded, refiner("ratio"), dtype=np.uint16, guide=guide).rgb
    ab = rgb_to_lab(rgb)[..., 1:]
    np.testing.assert_allclose(ab[30:60, 10:40], np.broadcast_to(RED_AB, (30, 30, 2)), atol=1)
    right = RED_AB if takes_hints else PLAIN
    np.testing.assert_allclose(ab[:, 70:], np.broadcast_to(right, (90, 50, 2)), atol=1)
    if takes_hints:
        hints_are_followed(loaded)
    else:
        with pytest.raises(NothingToCheckError, match="its weights do not take hints"):
            hints_are_followed(loaded)


@pytest.mark.slow
@pytest.mark.parametrize("takes_hints", [True, False])
def test_another_process_says_whether_its_weights_take_hints(
    takes_hints: bool, tmp_path: Path
) -> None:
    with Isolated(request(tmp_path, takes_hints)) as isolated:
        assert isolated.follows_hints is takes_hints


@pytest.mark.slow
def test_the_page_gives_the_file_of_run_and_keeps_the_prediction_without_hints(
    tmp_path: Path,
) -> None:
    weights = write_network(tmp_path / "w.onnx", takes_hints=True)
    source = tmp_path / "a.png"
    Image.fromarray(scene()).save(source)
    with pytest.warns(Notice, match="foreign weights"):
        variant = parse_variant(f"zhang2017@{weights}")
    pool = PluginPool([variant])
    options = UploadOptions(hints=(Hint(20, 45, RED),))
    try:
        plugin = KeptPlugin(pool.get(variant.label), None)
        (tmp_path / "page").mkdir()
        made = colorize_picture(source, "a.png", plugin, options, Limits(), tmp_path / "page")
        kept = made.prediction
        shown = render_hints(kept, options.hints, 1.0, "ratio", keep_border=False, plugin=plugin)
    finally:
        pool.close()
    np.testing.assert_allclose(kept.ab, np.broadcast_to(PLAIN, kept.ab.shape), atol=1e-4)
    command = ["run", str(source), "-p", "zhang2017", "--weights", str(weights)]
    assert invoke([*command, "--hint", "20,45,#c86464"]) == 0
    assert made.file.read_bytes() == (tmp_path / "a-colorized.png").read_bytes()
    with Image.open(made.file) as image:
        np.testing.assert_array_equal(np.asarray(image), shown)
    right = rgb_to_lab(shown[:, 70:])[..., 1:]
    np.testing.assert_allclose(right, np.broadcast_to(RED_AB, right.shape), atol=2)


@pytest.mark.slow
@pytest.mark.parametrize("takes_hints", [True, False])
def test_a_film_gives_the_hints_of_keyframes_to_the_plugin(
    takes_hints: bool, tmp_path: Path
) -> None:
    """The tiny network colors all of a frame, the host only the half with the hint."""
    av = pytest.importorskip("av", reason="needs the extra `video`")
    weights = write_network(tmp_path / "w.onnx", takes_hints)
    source, output = tmp_path / "in.mkv", tmp_path / "out.mkv"
    noise = np.random.default_rng(0).integers(0, 2, (64, 96))  # motion has something to hold to
    gray = np.where(np.arange(96) < 48, 100, 170) + noise
    with av.open(str(source), "w") as out:
        stream = out.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        frame = np.repeat(gray.astype(np.uint8)[..., None], 3, -1)
        for _ in range(8):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        out.mux(stream.encode(None))
    hints = tmp_path / "h.json"
    hints.write_text(json.dumps({"points": [{"x": 20, "y": 32, "color": "#c86464", "frame": 4}]}))
    command = ["video", str(source), "-o", str(output), "-p", "zhang2017", "--codec", "ffv1"]
    more = ["--weights", str(weights), "--hints", str(hints), "--keyframes", "2"]
    assert invoke([*command, *more]) == 0
    with av.open(str(output)) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    halves = [[rgb_to_lab(f[16:48, a : a + 24])[..., 1].mean() for a in (12, 60)] for f in frames]
    for left, right in halves[:4]:
        assert left == pytest.approx(PLAIN[0], abs=2)
        assert right == pytest.approx(PLAIN[0], abs=2)
    for left, right in halves[4:]:
        assert left == pytest.approx(RED_AB[0], abs=6)
        assert right == pytest.approx(RED_AB[0] if takes_hints else PLAIN[0], abs=3)
