"""``exemplar``: matches on pictures with a known answer, and references that cannot be used."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from skimage.color import deltaE_ciede2000, rgb2lab

import colortk
from colortk.cli.main import invoke
from colortk.errors import UsageError
from colortk.guidance.certain_values import spread_certain_values
from colortk.io.samples import photographs
from colortk.types import Array
from colortk_plugins.exemplar.colorizer import blend, colors_of
from colortk_plugins.exemplar.matching import UNRELATED, match
from conftest import photo


def sample(name: str, size: tuple[int, int] = (320, 214)) -> Array:
    return np.asarray(Image.open(photographs()[name]).resize(size))


def saved(pixels: Array, path: Path) -> Path:
    Image.fromarray(pixels).save(path)
    return path


def error(truth: Array, result: Array) -> float:
    """Mean CIEDE2000 by scikit-image."""
    return float(deltaE_ciede2000(rgb2lab(truth), rgb2lab(result)).mean())


def random_features(rows: int, columns: int, seed: int) -> list[Array]:
    """Return levels whose neighbors are similar, as those of a network are."""
    rng = np.random.default_rng(seed)
    levels = []
    for channels in (24, 16, 8):
        noise = rng.normal(size=(rows + 2, columns + 2, channels)).astype(np.float32)
        shifts = [noise[y : y + rows, x : x + columns] for y in range(3) for x in range(3)]
        levels.append(np.mean(shifts, 0, dtype=np.float32))
    return levels


def test_cells_that_moved_are_found() -> None:
    reference = random_features(16, 20, 0)
    picture = [np.ascontiguousarray(np.roll(level, (3, -5), (0, 1))) for level in reference]
    matched = match(picture, reference)
    expected = np.roll(np.arange(16 * 20).reshape(16, 20), (3, -5), (0, 1))
    np.testing.assert_array_equal(matched.cells, expected)
    assert matched.share > 0.99
    ab = np.random.default_rng(1).normal(size=(16 * 8, 20 * 8, 2)).astype(np.float32)
    means = ab.reshape(16, 8, 20, 8, 2).mean((1, 3))
    np.testing.assert_allclose(
        colors_of(matched, ab), np.roll(means, (3, -5), (0, 1)), rtol=0, atol=1e-5
    )


def test_only_the_common_part_of_two_pictures_is_certain() -> None:
    picture, reference = random_features(16, 20, 2), random_features(16, 20, 3)
    for of_picture, of_reference in zip(picture, reference, strict=True):
        of_reference[:, :10] = of_picture[:, 10:]
    certainty = match(picture, reference).certainty
    assert certainty[2:-2, 12:18].mean() > 0.9
    assert certainty[:, :9].mean() < 0.05


def test_unrelated_pictures_do_not_match() -> None:
    matched = match(random_features(16, 20, 4), random_features(16, 20, 5))
    assert matched.share < UNRELATED
    assert not matched.certainty.any()


def test_certain_values_spread_up_to_edges_and_end_where_nothing_is_certain() -> None:
    lightness = np.full((24, 60), 30, np.float32)
    lightness[:, 20:] = 70
    values, certainty = np.full((24, 60, 2), 99, np.float32), np.zeros((24, 60), np.float32)
    values[8:16, 8:12], certainty[8:16, 8:12] = (20, -30), 1
    spread, share = spread_certain_values(lightness, values, certainty)
    np.testing.assert_allclose(spread[:, 4:18], np.broadcast_to((20, -30), (24, 14, 2)), atol=0.1)
    assert share[8:16, 8:12].min() > 0.95
    assert not share[:, 21:].any()


def test_uncertain_places_keep_automatic_colors_to_the_bit() -> None:
    rng = np.random.default_rng(6)
    lightness = np.full((64, 128), 30, np.float32)
    lightness[:, 64:] = 70
    automatic = rng.normal(0, 10, (64, 128, 2)).astype(np.float32)
    colors, certainty = np.full((8, 16, 2), 40, np.float32), np.zeros((8, 16), np.float32)
    certainty[:, :6] = 1
    blended = blend(lightness, automatic, colors, certainty)
    np.testing.assert_array_equal(blended[:, 72:], automatic[:, 72:])
    assert np.abs(blended[8:-8, 8:40] - 40).max() < 1


@pytest.mark.parametrize("name", ["china.jpg", pytest.param("flower.jpg", marks=pytest.mark.slow)])
def test_a_mirrored_copy_gives_back_the_colors(name: str, tmp_path: Path) -> None:
    truth = sample(name)
    automatic = error(truth, colortk.colorize(truth))
    reference = saved(truth[:, ::-1], tmp_path / "mirrored.png")
    result = error(truth, colortk.colorize(truth, reference=reference))
    assert result < 0.65 * automatic, (result, automatic)


@pytest.mark.slow
def test_a_crop_in_other_colors_gives_its_own_colors(tmp_path: Path) -> None:
    truth = sample("china.jpg", (480, 320))[:, :, ::-1]  # red and blue are exchanged
    crop = np.ascontiguousarray(truth[20:300, 60:460])
    automatic = error(truth, colortk.colorize(truth))
    result = colortk.colorize(truth, reference=saved(crop, tmp_path / "crop.png"))
    assert error(truth, result) < 0.7 * automatic


@pytest.mark.slow
def test_an_unrelated_reference_and_no_reference_give_automatic_colors(tmp_path: Path) -> None:
    picture = sample("china.jpg")
    automatic = colortk.colorize(picture)
    np.testing.assert_array_equal(colortk.colorize(picture, "exemplar"), automatic)
    other = saved(sample("flower.jpg"), tmp_path / "flower.png")
    np.testing.assert_array_equal(colortk.colorize(picture, reference=other), automatic)


def test_references_that_cannot_be_used_are_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLORTK_STORE", str(tmp_path / "store"))
    picture = saved(photo(), tmp_path / "in.png")
    gray = photo()[..., 0]
    (tmp_path / "text.txt").write_text("no picture")
    reason = {
        tmp_path / "missing.png": "there is no such file",
        tmp_path: "it is a folder",
        tmp_path / "text.txt": "not a picture",
        saved(gray, tmp_path / "gray.png"): "it is gray",
        saved(np.dstack([gray] * 3), tmp_path / "no-colors.png"): "it has no colors",
    }
    for reference, part in reason.items():
        capsys.readouterr()
        assert invoke(["run", str(picture), "--reference", str(reference)]) == 2
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1, lines
        assert part in lines[0]
        with pytest.raises(UsageError, match=part):
            colortk.colorize(photo(), reference=reference)
    assert sorted(path.name for path in tmp_path.glob("*colorized*")) == []
    for plugin in ("gray", "sift_mlp"):
        command = ["run", str(picture), "-p", plugin, "--reference", str(picture)]
        assert invoke(command) == 2
        assert "cannot use a reference" in capsys.readouterr().err
    with pytest.raises(UsageError, match="given twice"):
        colortk.colorize(photo(), options={"reference": picture}, reference=picture)
    with pytest.raises(UsageError, match="a reference cannot be combined with a function"):
        colortk.colorize(photo(), lambda light: np.dstack([light, light]), reference=picture)


@pytest.mark.slow
def test_processes_and_resume_notice_the_reference(
    tmp_path: Path, colortk: Callable[..., Any]
) -> None:
    """The relative path holds in workers, and another content of the same file is another run."""
    (tmp_path / "in").mkdir()
    for number in range(3):
        saved(sample("china.jpg", (300, 200 + number)), tmp_path / "in" / f"{number}.png")
    saved(sample("china.jpg")[:, ::-1], tmp_path / "reference.png")
    command = ["run", "in", "-o", "out/", "--reference", "reference.png"]

    def run(*more: str) -> str:
        process = colortk(*command, *more)
        assert process.returncode == 0, process.stderr
        return str(process.stderr)

    assert "3 colorized" in run("--jobs", "2")
    first = (tmp_path / "out" / "1.png").read_bytes()
    assert "already done" in run("--resume")
    saved(sample("china.jpg")[:, ::-1, ::-1], tmp_path / "reference.png")
    assert "3 colorized" in run("--resume", "--force")
    assert (tmp_path / "out" / "1.png").read_bytes() != first


@pytest.mark.slow
def test_a_film_takes_the_colors_of_a_reference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    av = pytest.importorskip("av", reason="needs the extra `video`")
    truth = sample("china.jpg")
    source, output = tmp_path / "in.mkv", tmp_path / "out.mkv"
    with av.open(str(source), "w") as out:
        stream = out.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = truth.shape[1], truth.shape[0], "yuv420p"
        for _ in range(2):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(truth), "rgb24")
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    # Wrong colors, so that no automatic prediction has them.
    reference = saved(np.ascontiguousarray(truth[:, ::-1, [2, 0, 1]]), tmp_path / "reference.png")
    command = ["video", str(source), "-o", str(output), "--codec", "ffv1"]
    assert invoke([*command, "--reference", str(reference)]) == 0
    from_python = tmp_path / "python.mkv"
    colortk.colorize_video(source, from_python, codec="ffv1", reference=reference)
    films = []
    for path in (output, from_python):
        with av.open(str(path)) as film:
            films.append([f.to_ndarray(format="rgb24") for f in film.decode(video=0)])
    for one, other in zip(*films, strict=True):
        np.testing.assert_array_equal(one, other)
    wanted, found = (rgb2lab(x)[..., 1:] for x in (truth[..., [2, 0, 1]], films[0][1]))
    real = rgb2lab(truth)[..., 1:]
    distances = [np.linalg.norm(found - x, axis=-1).mean() for x in (wanted, real)]
    assert distances[0] < 0.7 * distances[1], distances
    capsys.readouterr()
    for plugin, words in [("gray", "cannot use a reference"), ("exemplar", "no such file")]:
        missing = reference if plugin == "gray" else tmp_path / "missing.png"
        more = ["-p", plugin, "--reference", str(missing), "--force"]
        assert invoke([*command, *more]) == 2
        assert words in capsys.readouterr().err


@pytest.mark.slow
def test_only_a_reference_imports_scikit_learn(tmp_path: Path) -> None:
    picture = saved(photo(), tmp_path / "in.png")
    code = (
        "import sys; from colortk.cli.main import invoke;"
        f"command = ['run', {str(picture)!r}, '-p', 'exemplar', '--force'];"
        "assert invoke(command) == 0;"
        "print('LOADED', *{'sklearn', 'scipy'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", code]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert out.stdout.splitlines()[-1].split() == ["LOADED"]
