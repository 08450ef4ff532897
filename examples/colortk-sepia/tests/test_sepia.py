"""What a plugin author's own tests look like."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.mark.colortk_plugin("sepia")
def test_conforms(colortk_check):
    colortk_check()


def test_from_the_command_line(tmp_path: Path):
    Image.fromarray(np.full((40, 60), 128, np.uint8)).save(tmp_path / "gray.png")
    command = [str(Path(sys.executable).with_name("colortk")), "run", "-p", "sepia", "gray.png"]
    subprocess.run([*command, "--option", "chroma=30"], cwd=tmp_path, check=True)
    red, green, blue = np.asarray(Image.open(tmp_path / "gray-colorized.png"))[20, 30].astype(int)
    assert red > green > blue
