"""``colortk export``: the file colors as `run` does, and needs no colortk."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from colortk.color.cielab import lightness
from colortk.color.working_size import WorkingSize, working_shape
from colortk.errors import ArtifactError, EnvironmentProblem, PluginError
from colortk.pipeline import colorize, refiner
from colortk.plugin import ColorizerSpec, OnnxGraph
from colortk.runtime.loading import Loaded, PluginRequest, load
from colortk.runtime.onnx_colorizer import OnnxColorizer
from colortk.runtime.picture_graph import picture_file as module
from colortk.runtime.picture_graph.builder import GraphBuilder
from colortk.runtime.picture_graph.picture_file import FileOptions, picture_file
from colortk.runtime.picture_graph.plugin_graph import PictureGraph
from colortk.runtime.picture_graph.sizes import add_resized, add_working_shape
from conftest import one_line
from exported_files import difference, evaluated, outputs, photograph, session
from tiny_network import tiny

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
color = pytest.importorskip("skimage.color")

#: Heights and widths: odd, portrait, one pixel wide, larger than the working size of 64, extreme.
SIZES = [
    (97, 61), (1, 50), (130, 64),
    *(pytest.param(*size, marks=pytest.mark.slow) for size in
      [(48, 64), (61, 97), (50, 1), (3, 2), (211, 333), (40, 700)]),
]  # fmt: skip


class Waves:
    """A colorizer whose chroma changes with position and lightness, and leaves the gamut."""

    def predict_ab(self, plane: np.ndarray) -> np.ndarray:
        rows, columns = (np.arange(side, dtype=np.float32) for side in plane.shape)
        a = 60 * np.sin(rows / 9)[:, None] + 0 * plane
        b = 60 * np.cos(columns / 7)[None, :] + 0.3 * (plane - 50)
        return np.stack([a, b], -1).astype(np.float32)

    def add_to_graph(self, graph: PictureGraph, plane: Any) -> Any:
        rows, columns = (graph.steps(plane.size(axis)).to(np.float32) for axis in (2, 3))
        a = (rows * (1 / 9)).then("Sin").reshape(1, 1, -1, 1) * 60 + plane * 0
        b = (columns * (1 / 7)).then("Cos").reshape(1, 1, 1, -1) * 60 + (plane - 50) * 0.3
        return graph.join([a, b], 1)


class Green:
    """One color beyond the gamut, whose b* is exactly 0."""

    def predict_ab(self, plane: np.ndarray) -> np.ndarray:
        return np.stack([np.full_like(plane, -110), np.zeros_like(plane)], -1)

    def add_to_graph(self, graph: PictureGraph, plane: Any) -> Any:
        return graph.join([plane * 0 - 110.0, plane * 0], 1)


def waves(size: WorkingSize | None = None) -> Loaded:
    size = size or WorkingSize(64, multiple=8)
    return Loaded(ColorizerSpec("waves", "", "test:Waves", working_size=size), Waves())


@pytest.fixture(scope="module")
def wavy() -> Any:
    return session(picture_file(waves(), FileOptions(), {}))


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_the_file_colors_as_run_does(wavy: Any, height: int, width: int) -> None:
    picture = photograph(height, width)
    expected = colorize(lightness(picture), waves(), refiner("ratio")).rgb
    result = outputs(wavy, picture)
    assert difference(result, expected) < 0.1
    assert difference(result, picture) > 3  # the colors are those of the plugin
    # Within the rounding to 8 bits; `run` itself is as far from the lightness of the input.
    before, after = (color.rgb2lab(image)[..., 0] for image in (picture, result))
    assert np.abs(before - after).mean() < 0.15
    assert np.abs(before - after).max() < 0.6


def test_the_hue_of_pure_green_is_known() -> None:
    green = Loaded(ColorizerSpec("green", "", "test:Green"), Green())
    picture = photograph(40, 50)
    expected = colorize(lightness(picture), green, refiner("ratio")).rgb
    result = outputs(picture_file(green, FileOptions(), {}), picture)
    assert difference(result, expected) < 0.1


@pytest.mark.slow
def test_pictures_above_a_million_pixels_are_enlarged_row_by_row(wavy: Any) -> None:
    picture = photograph(1030, 1031)
    expected = colorize(lightness(picture), waves(), refiner("ratio")).rgb
    assert difference(outputs(wavy, picture)[::7, ::7], expected[::7, ::7]) < 0.1


def test_gray_pictures_have_one_channel(wavy: Any) -> None:
    gray = photograph(40, 50)[..., :1]
    rgb = np.ascontiguousarray(np.repeat(gray, 3, -1))
    assert np.array_equal(outputs(wavy, np.ascontiguousarray(gray)), outputs(wavy, rgb))
    for channels in (2, 4):
        with pytest.raises(Exception, match="Expand"):
            outputs(wavy, np.zeros((40, 50, channels), np.uint8))


def test_strength_can_be_an_input(wavy: Any) -> None:
    assert [item.name for item in wavy.get_inputs()] == ["picture"]
    strong = session(picture_file(waves(), FileOptions(strength=True), {}))
    assert [item.name for item in strong.get_inputs()] == ["picture", "strength"]
    picture = photograph(40, 50)
    gray = outputs(strong, picture, strength=np.array(0, np.float32))
    assert np.ptp(gray, -1).max() == 0
    expected = colorize(lightness(picture), waves(), refiner("ratio"), 0.5).rgb
    half = outputs(strong, picture, strength=np.array(0.5, np.float32))
    assert difference(half, expected) < 0.1


def test_the_working_size_is_that_of_run() -> None:
    sizes = [WorkingSize(256, multiple=32), WorkingSize(192), WorkingSize(128, square=True)]
    rng = np.random.default_rng(0)
    pictures = [(1, 1), (1, 9000), (256, 352), (2000, 1500)]
    pictures += [(int(h), int(w)) for h, w in rng.integers(1, 5000, (40, 2))]
    from colortk.runtime.picture_graph.values import Value

    graph = GraphBuilder("test")
    sides = [Value(graph, name, np.int64) for name in ("height", "width")]
    shapes = [add_working_shape(graph, size, *sides, None) for size in sizes]
    limited = add_working_shape(graph, WorkingSize(256, multiple=32), *sides, 400)
    values = [side for shape in [*shapes, limited] for side in shape]
    for height, width in pictures:
        feed = {"height": np.array(height), "width": np.array(width)}
        found = [int(side) for side in evaluated(graph, feed, values)]
        for number, size in enumerate(sizes):
            assert tuple(found[2 * number :][:2]) == working_shape(size, height, width)
        rows, columns = found[-2:]
        assert max(rows, columns) <= 384  # the largest multiple of 32 below 400
        assert rows % 32 == columns % 32 == 0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((40, 50), (20, 25)), ((41, 53), (16, 24)), ((16, 24), (41, 53)), ((1, 50), (16, 40)),
        ((50, 3), (20, 6)), ((7, 90), (10, 20)), ((9, 9), (9, 9)), ((5, 5), (5, 20)),
    ],
)  # fmt: skip
def test_pictures_are_resized_as_by_opencv(before: tuple[int, int], after: tuple[int, int]) -> None:
    from colortk.color.upsample import resize
    from colortk.runtime.picture_graph.values import Value

    image = np.random.default_rng(1).uniform(0, 100, before).astype(np.float32)
    graph = GraphBuilder("test")
    rows, columns = (graph.number(side, np.int64) for side in after)
    resized = add_resized(graph, Value(graph, "x"), rows, columns)
    (result,) = evaluated(graph, {"x": image[None, None]}, [resized])
    np.testing.assert_allclose(result[0, 0], resize(image, (after[1], after[0])), atol=2e-4)


@pytest.mark.slow
def test_the_file_runs_without_colortk_and_describes_itself(
    tmp_path: Path, colortk: Callable[..., subprocess.CompletedProcess[Any]]
) -> None:
    file = tmp_path / "out.onnx"
    run = colortk("export", "--plugin", "mean_color", "-o", str(file), "--json")
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert (report["file"], report["bytes"]) == (str(file), file.stat().st_size)
    model = onnx.load(file)
    onnx.checker.check_model(model, full_check=True)
    facts = {item.key: item.value for item in model.metadata_props}
    assert facts == report["metadata"]
    assert facts["plugin"] == "mean_color"
    assert facts["license"] == "MIT"
    assert facts["version"] == facts["colortk"] == model.producer_version
    assert "picture" in facts["usage"] == model.doc_string
    assert {item.domain for item in model.opset_import} == {""}
    code = """
import sys, numpy as np, onnxruntime
picture = np.random.default_rng(0).integers(0, 256, (33, 20, 3), dtype=np.uint8)
(result,) = onnxruntime.InferenceSession(sys.argv[1]).run(None, {"picture": picture})
assert result.shape == (33, 20, 3) and result.dtype == np.uint8
assert np.ptp(result.astype(int).mean((0, 1))) > 3
assert not [name for name in sys.modules if name.startswith("colortk")]
"""
    subprocess.run([sys.executable, "-I", "-c", code, str(file)], check=True, cwd=tmp_path)
    before = file.read_bytes()
    one_line(colortk("export", "-o", str(file)), 2, "exists", "--force")
    assert file.read_bytes() == before


@pytest.mark.slow
def test_a_fixed_size_and_a_small_network(tmp_path: Path) -> None:
    weights = tmp_path / "tiny.onnx"
    weights.write_bytes(tiny(0.25, 0.5))
    plugin = load(PluginRequest("zhang2016", (), weights))
    fixed = session(picture_file(plugin, FileOptions(size=(30, 44)), {}))
    picture = photograph(30, 44)
    expected = colorize(lightness(picture), plugin, refiner("ratio")).rgb
    assert difference(outputs(fixed, picture), expected) < 0.1
    with pytest.raises(Exception, match="invalid dimensions"):
        outputs(fixed, photograph(31, 44))


@pytest.mark.slow
def test_max_side_limits_what_the_network_sees() -> None:
    seen = waves()
    whole, limited = (
        session(picture_file(seen, FileOptions(max_side=side), {})) for side in (None, 32)
    )
    picture = photograph(128, 128)
    small = Loaded(ColorizerSpec("waves", "", "test:Waves", working_size=WorkingSize(32)), Waves())
    expected = colorize(lightness(picture), small, refiner("ratio")).rgb
    assert difference(outputs(limited, picture), expected) < 0.1
    assert difference(outputs(whole, picture), expected) > 1


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--plugin", "sift_mlp"], 3, ["sift_mlp", "add_to_graph"]),
        (["--size", "640"], 2, ["--size 640", "640x480"]),
        (["--plugin", "acharya_relu", "--max-side", "100"], 2, ["--max-side 100", "128"]),
        (["--plugin", "gray", "-o", "missing/out.onnx"], 1, ["missing", "does not exist"]),
        (["--plugin", "gray", "-o", "-", "--json"], 2, ["--json", "-o -"]),
    ],
)
def test_failures_are_one_line(
    arguments: list[str],
    code: int,
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from colortk.cli.main import invoke

    monkeypatch.chdir(tmp_path)
    assert invoke(["export", *arguments]) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert all(word in line for word in words), line
    assert not list(tmp_path.iterdir())


def test_without_onnx_a_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(EnvironmentProblem, match=r"colorization-toolkit\[export\]"):
        picture_file(waves(), FileOptions(), {})


def test_plugins_that_cannot_be_exported_are_named() -> None:
    with pytest.raises(PluginError, match="'waves'.*working size"):
        picture_file(waves(WorkingSize(None)), FileOptions(), {})

    class Stored:
        def read(self, name: str) -> bytes:
            return tiny(0.25, 0.5)

    class Unknown:
        """A codec without operators."""

    plugin = Loaded(waves().spec, OnnxColorizer(Stored(), Unknown(), ""))  # type: ignore[arg-type]
    with pytest.raises(PluginError, match="Unknown has no add_inputs"):
        picture_file(plugin, FileOptions(), {})


def test_networks_that_cannot_be_a_part_are_refused() -> None:
    graph = PictureGraph(64)
    x = graph.array(np.zeros((1, 1, 4, 4)))
    model = onnx.load_from_string(tiny(1, 2))
    model.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))
    with pytest.raises(ArtifactError, match=r"com\.microsoft"):
        graph.network(model.SerializeToString(), x)
    two = OnnxGraph("two", {})
    first, second = two.input("a", 2), two.input("b", 2)
    with pytest.raises(ArtifactError, match="several inputs"):
        graph.network(two.content(two.node("Add", [first, second]), 2), x)


def test_a_tensor_inside_a_network_can_be_returned() -> None:
    weights = {
        "a.weight": np.array([1, 2, 3], np.float32).reshape(3, 1, 1, 1),
        "b.weight": np.ones((2, 3, 1, 1), np.float32),
    }
    inner = OnnxGraph("two layers", weights)
    first = inner.conv(inner.input("input", 1), "a", bias=False)
    content = inner.content(inner.conv(first, "b", bias=False), 2)
    graph = PictureGraph(64)
    x = graph.array(np.full((1, 1, 2, 2), 5))
    tensors = [graph.network(content, x), graph.network(content, x, first)]
    assert [tensor.channels for tensor in tensors] == [2, 3]
    outer, inside = evaluated(graph, {}, tensors)
    assert outer[0, :, 0, 0].tolist() == [30, 30]
    assert inside[0, :, 0, 0].tolist() == [5, 10, 15]
    with pytest.raises(ArtifactError, match="no tensor 'logits'"):
        graph.network(content, x, "logits")
