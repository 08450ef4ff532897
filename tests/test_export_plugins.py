"""``colortk export`` of our plugins: the file colors as `run` does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colortk.color.cielab import lightness
from colortk.pipeline import colorize, refiner
from colortk.plugin import WorkingHints
from colortk.runtime.loading import PluginRequest, load
from colortk.runtime.picture_graph.picture_file import FileOptions, picture_file
from exported_files import difference, outputs, photograph, session
from guided_networks import write_bins_network

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("skimage.color")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options", "sizes"),
    [
        ("effnet_bins", (), [(333, 517), (97, 61), (1, 50), (600, 450)]),
        ("effnet_bins", ("vividness=1", "temperature=0.5"), [(150, 200)]),
        ("effnet_bins", ("vividness=0",), [(150, 200)]),
        ("resnet18", (), [(150, 201)]),
        ("vgg16_residual", (), [(150, 201)]),
        ("autoencoder", (), [(150, 201)]),
        ("autoencoder", ("mirrored=false", "sizes=1"), [(150, 201)]),
        ("acharya_relu", (), [(150, 201)]),
        ("acharya_tanh", (), [(150, 201)]),
        ("mean_chrominance", (), [(150, 201)]),
        ("gray", (), [(150, 201)]),
    ],
)
def test_the_plugins_color_as_run_does(
    name: str, options: tuple[str, ...], sizes: list[tuple[int, int]]
) -> None:
    plugin = load(PluginRequest(name, options))
    engine = session(picture_file(plugin, FileOptions(), {}))
    for height, width in sizes:
        picture = photograph(height, width)
        expected = colorize(lightness(picture), plugin, refiner("ratio")).rgb
        assert difference(outputs(engine, picture), expected) < 0.5, (height, width)


@pytest.mark.slow
def test_a_network_that_ends_in_expected_colors_keeps_its_distribution(tmp_path: Path) -> None:
    from colortk_plugins.effnet_bins import colorizer
    from colortk_plugins.effnet_bins.tail import with_expected_color

    weights = tmp_path / "network.onnx"
    shipped = Path(colorizer.__file__).parent / "artifacts" / "network.onnx"
    weights.write_bytes(with_expected_color(shipped.read_bytes()))
    picture = photograph(60, 80)
    results = []
    for options in ((), ("temperature=0.2",)):
        plugin = load(PluginRequest("effnet_bins", options, weights))
        expected = colorize(lightness(picture), plugin, refiner("ratio")).rgb
        results.append(outputs(picture_file(plugin, FileOptions(), {}), picture))
        assert difference(results[-1], expected) < 0.5
    assert difference(*results) > 0.7


@pytest.mark.parametrize(
    "ends_in", ["logits", pytest.param("expected colors", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("options", [(), ("vividness=1", "temperature=0.5")])
def test_a_network_that_takes_hints_gets_none_in_the_file(
    options: tuple[str, ...], ends_in: str, tmp_path: Path
) -> None:
    """The file has a picture as its only input: its network sees the inputs of no hints."""
    from colortk_plugins.effnet_bins.tail import with_expected_color

    weights = write_bins_network(tmp_path / "network.onnx")
    if ends_in == "expected colors":
        weights.write_bytes(with_expected_color(weights.read_bytes()))
    plugin = load(PluginRequest("effnet_bins", options, weights))
    assert plugin.follows_hints
    engine = session(picture_file(plugin, FileOptions(), {}))
    assert [value.name for value in engine.get_inputs()] == ["picture"]
    picture = photograph(97, 61)
    result = outputs(engine, picture)
    assert difference(result, colorize(lightness(picture), plugin, refiner("ratio")).rgb) < 0.5
    assert difference(result, picture) > 3

    # The network does use its hints: the result above is not that of any inputs.
    plane = lightness(photograph(64, 64))
    ab, mask = np.full((64, 64, 2), 40, np.float32), np.ones((64, 64), np.float32)
    hinted = plugin.predict_guided(plane, WorkingHints(ab, mask))
    assert np.abs(hinted - plugin.predict(plane)).mean() > 3


@pytest.mark.slow
def test_the_command_exports_a_network_that_takes_hints(tmp_path: Path) -> None:
    weights = write_bins_network(tmp_path / "network.onnx")
    picture = photograph(120, 90)
    Image.fromarray(picture).save(tmp_path / "in.png")
    program = "from colortk.cli.main import main; main()"
    for arguments in (("export", "-o", "file.onnx"), ("run", "in.png", "-o", "out.png")):
        command = [sys.executable, "-c", program, *arguments, "--weights", weights]
        subprocess.run(command, check=True, cwd=tmp_path)
    with Image.open(tmp_path / "out.png") as image:
        expected = np.asarray(image.convert("RGB"))
    assert difference(outputs((tmp_path / "file.onnx").read_bytes(), picture), expected) < 0.5
