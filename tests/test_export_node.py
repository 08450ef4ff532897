"""The exported file in Node: ONNX Runtime's packages for Node and for the web (WebAssembly)."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from colortk.color.cielab import lightness
from colortk.pipeline import colorize, refiner
from colortk.runtime.loading import PluginRequest, load
from colortk.runtime.picture_graph.picture_file import FileOptions, picture_file
from exported_files import difference, photograph
from node_packages import node_package

NODE = shutil.which("node")
SCRIPT = """
const [name, model, height, width, input, output] = process.argv.slice(2);
const ort = require(name);
const fs = require("fs");
ort.env.logLevel = "error";
if (ort.env.wasm) ort.env.wasm.numThreads = 1;
(async () => {
  const session = await ort.InferenceSession.create(model);
  const shape = [Number(height), Number(width), 3];
  const picture = new ort.Tensor("uint8", new Uint8Array(fs.readFileSync(input)), shape);
  const { colorized } = await session.run({ picture });
  if (String(colorized.dims) !== String(shape)) throw new Error(colorized.dims);
  fs.writeFileSync(output, colorized.data);
})().catch((error) => { console.error(error); process.exit(1); });
"""


@pytest.mark.slow
@pytest.mark.skipif(NODE is None, reason="no Node: install nodejs")
@pytest.mark.parametrize("package", ["onnxruntime-node", "onnxruntime-web"])
@pytest.mark.parametrize("plugin", ["effnet_bins", "mean_chrominance"])
def test_node_colors_as_run_does(package: str, plugin: str, tmp_path: Path) -> None:
    folder = node_package(package)
    if folder is None:
        pytest.skip(f"no {package}: npm install {package}")
    loaded = load(PluginRequest(plugin))
    (tmp_path / "colorize.onnx").write_bytes(picture_file(loaded, FileOptions(), {}))
    (tmp_path / "run.cjs").write_text(SCRIPT)
    picture = photograph(97, 131)
    (tmp_path / "in.raw").write_bytes(picture.tobytes())
    assert NODE is not None
    run = subprocess.run(
        [NODE, "run.cjs", package, "colorize.onnx", "97", "131", "in.raw", "out.raw"],
        cwd=tmp_path, env={**os.environ, "NODE_PATH": str(folder.parent)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    result = np.fromfile(tmp_path / "out.raw", np.uint8).reshape(97, 131, 3)
    expected = colorize(lightness(picture), loaded, refiner("ratio")).rgb
    assert difference(result, expected) < 0.5
