"""The conformance kit, and what the paper says that must come out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from colortk_welsh.palette import Cells
from colortk_welsh.spec import Options
from colortk_welsh.transfer import Reference, neighborhood_std, sample, transfer
from PIL import Image
from skimage.color import rgb2lab

from colortk.plugin import UsageError
from colortk.plugin.options import options_key
from colortk.runtime.loading import PluginRequest, load

BLUE, ORANGE, GREEN = (30, 40, 120), (250, 180, 90), (60, 160, 60)


@pytest.mark.colortk_plugin("welsh")
def test_conforms(colortk_check):
    colortk_check()


def two_tone(dark=BLUE, light=ORANGE) -> np.ndarray:
    """Upper half dark, lower half light, uint8 (120, 160, 3)."""
    picture = np.empty((120, 160, 3), np.uint8)
    picture[:60], picture[60:] = dark, light
    return picture


def chroma_of(rgb) -> np.ndarray:
    return rgb2lab(np.array([[rgb]], np.uint8))[0, 0, 1:]


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    path = tmp_path / "two tones.png"
    Image.fromarray(two_tone()).save(path)
    return path


def run(tmp_path: Path, *arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", "from colortk.cli.main import main; main()"]
    environment = {**os.environ, "COLORTK_STORE": str(tmp_path / "store")}
    return subprocess.run(
        [*command, *map(str, arguments)],
        cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", timeout=120,
    )  # fmt: skip


def test_two_tones_give_their_colors_to_a_picture_of_other_lightness(reference: Path) -> None:
    colorizer = load(PluginRequest("welsh", (f"reference={reference}",)))
    light = np.full((90, 100), 42, np.float32)
    light[:45] = 61  # lighter half on top, and much less contrast than the reference
    ab = colorizer.predict(light)
    assert np.abs(ab[:40] - chroma_of(ORANGE)).max() < 0.5
    assert np.abs(ab[50:] - chroma_of(BLUE)).max() < 0.5


def test_texture_decides_where_lightness_does_not() -> None:
    """One gray, smooth at the left and rough at the right: the reference tells them apart."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 10, (128, 128))
    samples = np.array([[50, 0, -30, 40], [50, 10, 20, -50]], np.float32)
    light = np.full((128, 128), 50, np.float32)
    light[:, 64:] += noise[:, 64:].astype(np.float32)
    ab = transfer(light, Reference(samples, float(light.mean()), float(light.std())))
    assert (ab[:, :60] == (-30, 40)).all()
    assert (ab[:, 68:] == (20, -50)).all(-1).mean() > 0.9


def test_equals_the_paper_pixel_by_pixel() -> None:
    """Remapping, neighborhoods and matches, written as loops."""
    rng = np.random.default_rng(1)
    light = np.clip(rng.normal(40, 12, (17, 23)), 0, 100).astype(np.float32)
    picture = rng.integers(0, 256, (40, 50, 3)).astype(np.uint8)
    reference = sample(picture)
    got = transfer(light, reference)
    padded = np.pad(light.astype(float), 2, mode="symmetric")
    gain = light.std() / rgb2lab(picture)[..., 0].std()
    shift = light.mean() - gain * rgb2lab(picture)[..., 0].mean()
    different = 0
    for y, x in np.ndindex(light.shape):
        deviation = padded[y : y + 5, x : x + 5].std()
        costs = [
            0.5 * (light[y, x] - (gain * s[0] + shift)) ** 2 + 0.5 * (deviation - gain * s[1]) ** 2
            for s in reference.samples
        ]
        different += not np.array_equal(got[y, x], reference.samples[np.argmin(costs), 2:])
    assert different <= 1  # two samples may be equally near, to rounding


def test_samples_are_about_200_pixels_of_the_reference_from_everywhere() -> None:
    rng = np.random.default_rng(2)
    for shape in ((200, 300), (300, 120), (3, 4), (1, 500)):
        picture = rng.integers(0, 256, (*shape, 3)).astype(np.uint8)
        lab = rgb2lab(picture).reshape(-1, 3)
        samples = sample(picture).samples
        assert min(190, shape[0] * shape[1]) <= len(samples) <= 210
        for row in samples[:: max(1, len(samples) // 20)]:
            assert np.abs(lab - row[[0, 2, 3]]).max(1).min() < 0.05
    quarters = np.zeros((200, 200, 3), np.uint8)
    quarters[:100, :100], quarters[:100, 100:], quarters[100:, :100] = BLUE, ORANGE, GREEN
    _, counts = np.unique(sample(quarters).samples[:, 2].round(), return_counts=True)
    assert len(counts) == 4
    assert counts.min() >= 40


def test_deviation_is_that_of_the_neighborhood() -> None:
    light = np.random.default_rng(3).uniform(90, 90.5, (20, 30)).astype(np.float32)
    got = neighborhood_std(light)
    for y, x in ((2, 2), (9, 17), (17, 27)):
        truth = light[y - 2 : y + 3, x - 2 : x + 3].astype(float).std()
        assert abs(got[y, x] - truth) < 1e-4


def test_the_same_every_time_and_in_every_process(reference: Path, tmp_path: Path) -> None:
    Image.fromarray(np.random.default_rng(4).integers(0, 256, (50, 60), np.uint8)).save(
        tmp_path / "gray.png"
    )
    for name in ("one.png", "two.png"):
        done = run(
            tmp_path, "run", "-p", "welsh", "--option", f"reference={reference}", "gray.png",
            "-o", name,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    one, two = (np.asarray(Image.open(tmp_path / name)) for name in ("one.png", "two.png"))
    assert one.std((0, 1)).min() > 0
    assert np.array_equal(one, two)
    picture = np.random.default_rng(5).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    assert np.array_equal(sample(picture).samples, sample(picture).samples)
    assert not np.array_equal(sample(picture).samples, sample(picture, seed=1).samples)


def test_references_that_cannot_be_used_are_one_line(tmp_path: Path) -> None:
    Image.fromarray(np.full((9, 9), 99, np.uint8)).save(tmp_path / "gray.png")
    Image.fromarray(np.full((9, 9, 3), 99, np.uint8)).save(tmp_path / "gray-rgb.png")
    (tmp_path / "text.jpg").write_text("no picture")
    for option, code, why in (
        ("reference=missing.jpg", 2, "expects none or a file or folder that exists"),
        (f"reference={tmp_path}", 1, "it is a directory"),
        ("reference=~no-such-user/x.jpg", 2, "expects none or a file or folder that exists"),
        ("reference=text.jpg", 1, "cannot read 'text.jpg'"),
        ("reference=gray.png", 2, "'gray.png' has no colors to give"),
        ("reference=gray-rgb.png", 2, "'gray-rgb.png' has no colors to give"),
    ):
        done = run(tmp_path, "run", "-p", "welsh", "--option", option, "gray.png")
        assert done.returncode == code, done.stderr
        assert why in done.stderr
        assert done.stderr.count("\n") == 1


def test_another_content_is_another_key(reference: Path) -> None:
    before = options_key(Options(reference))
    assert before == options_key(Options(reference))
    Image.fromarray(two_tone(GREEN)).save(reference)
    assert before != options_key(Options(reference))


def test_sixteen_bits_and_alpha_make_no_difference(tmp_path: Path, reference: Path) -> None:
    import cv2

    deep = two_tone()[..., ::-1].astype(np.uint16) * 257
    assert cv2.imwrite(str(tmp_path / "deep.png"), deep)
    Image.fromarray(two_tone()).convert("RGBA").save(tmp_path / "alpha.png")
    light = np.tile(np.linspace(10, 90, 64, dtype=np.float32), (40, 1))
    wanted = load(PluginRequest("welsh", (f"reference={reference}",))).predict(light)
    for name in ("deep.png", "alpha.png"):
        got = load(PluginRequest("welsh", (f"reference={tmp_path / name}",))).predict(light)
        assert np.abs(got - wanted).max() < 0.1


def test_a_palette_is_the_mean_of_each_cell() -> None:
    cells = Cells()
    cells.add(two_tone(), 1.0)
    cells.add(two_tone(light=GREEN), 3.0)
    samples, (mean, spread) = cells.palette()
    truth = {rgb: rgb2lab(np.array([[rgb]], np.uint8))[0, 0] for rgb in (BLUE, ORANGE, GREEN)}
    for rgb in truth:
        smooth = samples[samples[:, 1] < 0.01]
        row = smooth[np.abs(smooth[:, 0] - truth[rgb][0]).argmin()]
        assert np.abs(row[[0, 2, 3]] - truth[rgb]).max() < 0.05
    light = np.array([truth[BLUE][0], truth[ORANGE][0], truth[GREEN][0]])
    shares = np.array([1 / 2, 1 / 8, 3 / 8])
    assert abs(mean - light @ shares) < 0.01
    assert abs(spread - ((light - light @ shares) ** 2 @ shares) ** 0.5) < 0.01


def test_a_palette_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    for number in range(4):
        Image.fromarray(two_tone()).save(tmp_path / "pictures" / f"{number}.png")
    done = run(tmp_path, "fit", "--plugin", "welsh", "--data", "pictures", "--output", "mine")
    assert done.returncode == 0, done.stderr
    light = np.full((60, 60), 20, np.float32)
    light[30:] = 75
    ab = load(PluginRequest("welsh", weights=tmp_path / "mine")).predict(light)
    assert np.abs(ab[:20] - chroma_of(BLUE)).max() < 0.5
    assert np.abs(ab[40:] - chroma_of(ORANGE)).max() < 0.5
    (tmp_path / "gray").mkdir()
    for number in range(2):
        Image.new("L", (20, 20), 99).save(tmp_path / "gray" / f"{number}.png")
    done = run(tmp_path, "fit", "--plugin", "welsh", "--data", "gray", "--output", "none")
    assert done.returncode == 2
    assert "no picture has colors" in done.stderr


def test_a_broken_palette_is_refused(tmp_path: Path) -> None:
    from colortk_welsh.colorizer import Welsh

    from colortk.plugin import ArtifactError
    from colortk.plugin.registry import registry
    from colortk.store.artifact_folder import ArtifactFolder

    spec = registry().colorizer("welsh")[1]
    (tmp_path / "palette.npz").write_bytes(b"PK something else")
    with pytest.raises(ArtifactError, match="not trusted"):
        Welsh(ArtifactFolder("welsh", tmp_path, spec.artifacts), Options())
    with pytest.raises(UsageError, match="no option"):
        load(PluginRequest("welsh", ("color=red",)))
