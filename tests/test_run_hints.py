"""``colortk run`` with colors that the user sets, as on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import colortk
from colortk.cli.main import invoke
from colortk.color.cielab import gray_rgb, lightness, rgb_to_lab
from colortk.errors import Notice, UsageError
from colortk.types import Array
from conftest import photo

BLUE = (70, 90, 180)


@pytest.fixture
def picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLORTK_STORE", str(tmp_path / "store"))
    path = tmp_path / "photo.png"
    Image.fromarray(gray_rgb(lightness(photo(96, 128, 4)))[..., 0]).save(path)
    return path


def run(picture: Path, *options: str, plugin: str = "gray") -> Array:
    output = picture.parent / "out.png"
    arguments = ["run", str(picture), "-p", plugin, "-o", str(output), "--force", *options]
    assert invoke(arguments) == 0
    return np.asarray(Image.open(output))


def ab_at(rgb: Array, x: int, y: int) -> Array:
    ab: Array = rgb_to_lab(rgb)[y, x, 1:]
    return ab


def possible(picture: Path, x: int, y: int) -> Array:
    """Chroma of BLUE at the lightness of a pixel; the picture is light enough to show it."""
    return rgb_to_lab(np.array([[BLUE]], np.uint8))[0, 0, 1:]


def test_a_hint_sets_its_pixel_and_keeps_lightness(picture: Path) -> None:
    plain, hinted = run(picture), run(picture, "--hint", "60,40,#465ab4")
    light = lightness(plain)
    assert np.abs(light - lightness(hinted)).max() < 0.6  # 8-bit rounding
    assert 30 < light[40, 60] < 70, "the test needs a pixel at which blue is possible"
    assert np.linalg.norm(ab_at(hinted, 60, 40) - possible(picture, 60, 40)) < 1
    assert np.linalg.norm(ab_at(plain, 60, 40)) < 1


def test_the_same_hint_in_every_form_gives_the_same_picture(picture: Path) -> None:
    expected = run(picture, "--hint", "60,40,#465ab4")
    content = {"version": 1, "points": [{"x": 60, "y": 40, "color": "#465ab4"}]}
    file = picture.with_name("any.json")
    file.write_text(json.dumps(content))
    np.testing.assert_array_equal(run(picture, "--hints", str(file)), expected)
    picture.with_name("photo.hints.json").write_text(json.dumps(content))
    np.testing.assert_array_equal(run(picture, "--hints", "auto"), expected)
    np.testing.assert_array_equal(run(picture), run(picture, "--strength", "1.5"))
    fractions = {
        "units": "fractions",
        "points": [{"x": 60.5 / 128, "y": 40.5 / 96, "color": "#465ab4"}],
    }
    file.write_text(json.dumps(fractions))
    np.testing.assert_array_equal(run(picture, "--hints", str(file)), expected)
    for hints in (file, fractions, content["points"]):
        api = colortk.colorize(picture, "gray", hints=hints)  # type: ignore[arg-type]
        np.testing.assert_array_equal(api, expected)


def test_strokes_beside_a_picture_are_used_and_not_colorized(picture: Path) -> None:
    marked = np.array(Image.open(picture).convert("RGB"))
    marked[30:40, 20:100] = BLUE
    Image.fromarray(marked).save(picture.with_name("photo_marked.png"))
    given = run(picture, "--scribbles", str(picture.with_name("photo_marked.png")))
    assert np.linalg.norm(ab_at(given, 60, 35)) > 20
    np.testing.assert_array_equal(colortk.colorize(picture, "gray", scribbles=marked), given)
    folder = picture.parent / "many"
    folder.mkdir()
    for name in ("photo.png", "photo_marked.png"):
        (folder / name).write_bytes(picture.with_name(name).read_bytes())
    assert (
        invoke(["run", str(folder), "-p", "gray", "--hints", "auto", "-o", f"{folder}/out/"]) == 0
    )
    assert [path.name for path in (folder / "out").iterdir()] == ["photo.png"]
    np.testing.assert_array_equal(np.asarray(Image.open(folder / "out" / "photo.png")), given)


def test_a_mask_and_a_region(picture: Path) -> None:
    mask = np.zeros((96, 128), np.uint8)
    mask[:, 64:] = 255
    Image.fromarray(mask).save(picture.with_name("mask.png"))
    masked = run(picture, "--mask", str(picture.with_name("mask.png")), plugin="mean_color")
    plain = run(picture, plugin="mean_color")
    np.testing.assert_array_equal(masked[:, :64], run(picture)[:, :64])
    np.testing.assert_array_equal(masked[:, 65:], plain[:, 65:])
    np.testing.assert_array_equal(colortk.colorize(picture, "mean_color", mask=mask), masked)
    half = run(picture, "--region", "0%,0%,50%,100%:strength=0", plugin="mean_color")
    assert np.linalg.norm(ab_at(half, 10, 40)) < 1
    assert np.linalg.norm(ab_at(half, 120, 40) - ab_at(plain, 120, 40)) < 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--hint", "1,2"], "write it as X,Y,#RRGGBB"),
        (["--hints", "none.json"], "cannot read the hints 'none.json': No such file"),
        (["--scribbles", "none.png"], "--scribbles 'none.png': there is no such file"),
        (["--mask", "."], "--mask '.': it is a folder"),
        (["--region", "1,2,3,4"], "write it as X,Y,WIDTH,HEIGHT:strength=0.5"),
        (["photo2.png", "--hint", "1,2,#fff"], "it applies to one picture"),
    ],
)
def test_wrong_options_exit_with_2_and_one_line(
    picture: Path,
    options: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(picture.parent)
    assert invoke(["run", "photo.png", "-p", "gray", *options]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert [path.name for path in picture.parent.iterdir()] == ["photo.png"]


def test_files_that_do_not_fit_fail_their_picture_alone(
    picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = picture.parent / "many"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(picture.read_bytes())
    Image.new("RGB", (5, 5), BLUE).save(folder / "a_marked.png")
    (folder / "b.hints.json").write_text('{"points": [{"x": 1}]}')
    assert invoke(["run", str(folder), "-p", "gray", "--hints", "auto"]) == 1
    error = capsys.readouterr().err
    assert "they are 5 × 5 pixels, the picture has 128 × 96" in error
    assert "point 0: one of 'color', 'keep' and 'neutral' is needed" in error
    assert not list(folder.glob("*-colorized*"))


def test_resume_notices_a_changed_file_of_hints(picture: Path) -> None:
    sidecar = picture.with_name("photo.hints.json")
    command = ["run", str(picture), "-p", "gray", "--hints", "auto", "--resume"]
    output = picture.with_name("photo-colorized.png")
    sidecar.write_text('{"points": [{"x": 60, "y": 40, "color": "#465ab4"}]}')
    assert invoke(command) == 0
    first = output.read_bytes()
    assert invoke(command) == 0
    assert output.read_bytes() == first
    sidecar.write_text('{"points": [{"x": 60, "y": 40, "color": "#b45a46"}]}')
    assert invoke([*command, "--force"]) == 0
    assert output.read_bytes() != first


def test_a_damaged_picture_gets_the_hints_of_its_readable_part(
    picture: Path, tmp_path: Path
) -> None:
    whole = tmp_path / "whole.jpg"
    Image.fromarray(photo(240, 320, 4)).save(whole, quality=95)
    cut = tmp_path / "cut.jpg"
    data = whole.read_bytes()
    cut.write_bytes(data[: len(data) * 2 // 3])
    hints = ["--hint", "60,40,#465ab4", "--hint", "60,235,#465ab4"]
    output = tmp_path / "cut-out.png"
    code = invoke(["run", str(cut), "-p", "gray", "--allow-truncated", "-o", str(output), *hints])
    assert code == 1
    rgb = np.asarray(Image.open(output))
    assert np.linalg.norm(ab_at(rgb, 60, 40)) > 10
    assert np.linalg.norm(ab_at(rgb, 60, 235)) < 1


def test_python_warns_of_hints_that_are_not_used() -> None:
    gray = np.full((40, 40), 128, np.uint8)
    with pytest.warns(Notice, match="outside the picture"):
        colortk.colorize(gray, "gray", hints=[{"x": 99, "y": 1, "color": "#f00"}])
    with pytest.raises(UsageError, match="point 0"):
        colortk.colorize(gray, "gray", hints=[{"x": 9, "y": 1}])


def test_guidance_is_sent_to_worker_processes(
    picture: Path, colortk: Callable[..., Any], tmp_path: Path
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / f"{name}.png").write_bytes(picture.read_bytes())
        content = {"points": [{"x": 60, "y": 40, "color": "#465ab4"}]}
        (folder / f"{name}.hints.json").write_text(json.dumps(content))
    result = colortk(
        "run", folder, "-p", "gray", "--hints", "auto", "-o", f"{folder}/out/", "-j", 2
    )
    assert result.returncode == 0, result.stderr
    expected = run(picture, "--hint", "60,40,#465ab4")
    for name in ("a", "b", "c"):
        made = np.asarray(Image.open(folder / "out" / f"{name}.png"))
        np.testing.assert_array_equal(made, expected)
