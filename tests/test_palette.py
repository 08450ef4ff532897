"""``--palette``: which palettes are read, and where the colors of a picture go."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import colortk
from colortk.cli.main import invoke
from colortk.color.cielab import lightness, rgb_to_lab
from colortk.errors import PictureError, UsageError
from colortk.guidance.palette import apply_palette, picture_palette, read_palette
from conftest import photo

GPL = "GIMP Palette\nName: two\nColumns: 2\n# comment\n160  48  32\tbrick\n 42 77 143 blue\n"


def test_palettes_of_every_form(tmp_path: Path) -> None:
    expected = ((160, 48, 32), (42, 77, 143))
    assert read_palette("#a03020, #2a4d8f") == expected
    file = tmp_path / "two.gpl"
    file.write_text(GPL)
    assert read_palette(str(file)) == expected
    blocks = np.zeros((60, 60, 3), np.uint8)
    blocks[:40], blocks[40:] = expected
    Image.fromarray(blocks).save(tmp_path / "picture.png")
    assert read_palette(str(tmp_path / "picture.png")) == expected


def test_wrong_palettes_are_refused(tmp_path: Path) -> None:
    for wrong, words in (
        ("#a0302", "#RRGGBB"),
        ("#fff,red", "#RRGGBB"),
        (",".join(["#123456"] * 65), "65 colors"),
        (str(tmp_path / "none.gpl"), "neither a list of colors nor a file"),
        ("blue", "write colors as #RRGGBB,#RRGGBB"),
    ):
        with pytest.raises(UsageError, match=words):
            read_palette(wrong)
    for content, words in (
        ("JASC-PAL", "first line"),
        ("GIMP Palette\n1 2 999\n", "over 255"),
        ("GIMP Palette\n", "0 colors"),
    ):
        (tmp_path / "x.gpl").write_text(content)
        with pytest.raises(UsageError, match=words):
            read_palette(str(tmp_path / "x.gpl"))
    (tmp_path / "no-picture.png").write_bytes(b"no")
    with pytest.raises(PictureError):
        read_palette(str(tmp_path / "no-picture.png"))


def test_each_kind_of_color_moves_to_the_nearest_color_of_the_palette() -> None:
    palette = ((170, 60, 50), (60, 80, 160))
    ab = np.zeros((40, 40, 2), np.float32)
    ab[:, :20], ab[:, 20:] = (20, 15), (-5, -20)
    light = np.full((40, 40), 50, np.float32)
    moved = apply_palette(ab, light, palette)
    targets = rgb_to_lab(np.array([palette], np.uint8))[0, :, 1:]
    np.testing.assert_allclose(moved[:, :20], np.broadcast_to(targets[0], (40, 20, 2)), atol=0.5)
    np.testing.assert_allclose(moved[:, 20:], np.broadcast_to(targets[1], (40, 20, 2)), atol=0.5)


def test_variation_within_a_kind_of_color_is_kept() -> None:
    rng = np.random.default_rng(0)
    ab = (rng.normal(0, 2, (50, 50, 2)) + 20).astype(np.float32)
    light = np.full((50, 50), 50, np.float32)
    moved = apply_palette(ab, light, ((60, 80, 160),))
    np.testing.assert_allclose(moved - ab, np.broadcast_to((moved - ab)[0, 0], ab.shape), atol=1e-3)


def test_colors_of_a_picture_are_the_most_common_first() -> None:
    rgb = np.zeros((30, 30, 3), np.uint8)
    rgb[:20], rgb[20:28], rgb[28:] = (10, 200, 30), (200, 10, 30), (10, 20, 250)
    assert picture_palette(rgb) == ((10, 200, 30), (200, 10, 30), (10, 20, 250))


def test_the_command_and_python_give_the_same_picture(tmp_path: Path) -> None:
    source = tmp_path / "in.png"
    Image.fromarray(photo(48, 64, 2)).save(source)
    command = [
        "run",
        str(source),
        "-p",
        "mean_color",
        "--palette",
        "#2a4d8f",
        "-o",
        f"{tmp_path}/out.png",
    ]
    assert invoke(command) == 0
    made = np.asarray(Image.open(tmp_path / "out.png"))
    np.testing.assert_array_equal(colortk.colorize(source, "mean_color", palette=["#2a4d8f"]), made)
    assert np.abs(lightness(made) - lightness(photo(48, 64, 2))).max() < 1
    assert rgb_to_lab(made)[..., 2].mean() < -5


def test_only_a_palette_imports_scikit_learn(tmp_path: Path) -> None:
    source = tmp_path / "in.png"
    Image.fromarray(photo(48, 64, 2)).save(source)
    code = (
        "import sys; from colortk.cli.main import invoke;"
        f"assert invoke(['run', {str(source)!r}, '-p', 'gray', '--hint', '5,5,#fff', '-o', {str(tmp_path / 'o.png')!r}]) == 0;"
        "assert 'sklearn' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
