"""The metric `naturalness` against other implementations of its terms, and its fit."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from scipy.ndimage import gaussian_filter, sobel
from scipy.stats import norm, rankdata, spearmanr
from skimage.color import deltaE_ciede2000, lab2rgb, rgb2lab
from sklearn.linear_model import Ridge

from colortk.color.cielab import lab_to_rgb8, lightness, rgb_to_lab
from colortk.color.refine import ratio
from colortk.errors import PictureError
from colortk.harness.lpips.network import features
from colortk.harness.metrics.naturalness import TERMS, WEIGHTS, naturalness, terms
from colortk.harness.metrics.pair import Pair, Truth
from colortk.harness.naturalness_fit import RATING_SPREAD, RIDGE, fit, folds, main
from colortk.metrics import score
from conftest import photo


def _halved(planes: np.ndarray) -> np.ndarray:
    """Means of 2 × 2, for even sides."""
    height, width = planes.shape[:2]
    return planes.reshape(height // 2, 2, width // 2, 2, -1).mean((1, 3))


def _half_picture(pixels: np.ndarray) -> np.ndarray:
    return np.floor(_halved(pixels.astype(float)) + 0.5).astype(np.uint8)


def _expected(truth: np.ndarray, result: np.ndarray) -> dict[str, float]:
    """Compute the terms with scikit-image and SciPy."""
    lab, other = rgb2lab(truth), rgb2lab(result)
    shifted = other.copy()
    shifted[..., 1:] += (lab - other)[..., 1:].mean((0, 1))
    pictures = [truth, np.rint(255 * lab2rgb(shifted)).astype(np.uint8)]
    maps = [features(picture[None])[-1][0] for picture in pictures]
    small, changed = _half_picture(truth), _half_picture(result)
    lab, other = rgb2lab(small), rgb2lab(changed)
    a, b = lab[..., 1:], other[..., 1:]
    gain = np.linalg.norm(b, axis=2) - np.linalg.norm(a, axis=2)

    def gradient(ab: np.ndarray) -> np.ndarray:
        smooth = [gaussian_filter(ab[..., k], 0.8, mode="mirror", radius=3) for k in (0, 1)]
        return np.sqrt(
            sum((sobel(plane, axis, mode="mirror") / 8) ** 2 for plane in smooth for axis in (0, 1))
        )

    mine, theirs = gradient(a), gradient(b)
    coarse = [a, b]
    for _ in range(3):
        coarse = [_halved(ab) for ab in coarse]

    def mean(plane: np.ndarray) -> np.ndarray:
        blurred = gaussian_filter(plane, 1.5, radius=5, mode="mirror", axes=(0, 1))
        return blurred[5:-5, 5:-5]

    x, y = coarse
    variance = sum((mean(v * v) - mean(v) ** 2).sum(2) for v in (x, y))
    covariance = (mean(x * y) - mean(x) * mean(y)).sum(2)
    structure = ((2 * covariance + 60) / (variance + 60)).mean()
    z, w = a[..., 0] + 1j * a[..., 1], b[..., 0] + 1j * b[..., 1]
    return {
        "uneven_shift": np.median(np.linalg.norm((b - a) - (b - a).mean((0, 1)), axis=2)),
        "chroma_loss": max(0, -np.percentile(gain, 95)),
        "median_difference": math.log(np.median(deltaE_ciede2000(lab, other)) + 0.5),
        "gradient_strength": 1 - ((2 * mine * theirs + 3) / (mine**2 + theirs**2 + 3)).mean(),
        "clipping": sum(
            sign * np.isin(picture, (0, 255)).any(2).mean()
            for sign, picture in ((1, changed), (-1, small))
        ),
        "coarse_structure": math.log(1 - structure + 0.02),
        "hue_change": np.abs(np.angle(z.conj() * w + 4)).mean(),
        "objects": ((maps[0] - maps[1]) ** 2).sum(0).mean(),
    }


def _recolored(kind: int) -> tuple[np.ndarray, np.ndarray]:
    truth = photo(256, 320, 4)
    lab = rgb_to_lab(truth)
    if kind == 0:
        lab[..., 1:] *= 0.4
    elif kind == 1:
        lab[..., 1:] = lab[..., :0:-1]
    else:
        lab[..., 1:] = np.roll(lab[..., 1:], 9, axis=1)
    lab[..., 1:] = ratio(np.ascontiguousarray(lab[..., 0]), lab[..., 1:])
    return truth, lab_to_rgb8(lab)


@pytest.mark.parametrize("kind", range(3))
def test_terms_equal_those_of_other_libraries(kind: int) -> None:
    truth, result = _recolored(kind)
    found = dict(zip(TERMS, terms(Pair(Truth(truth), result)), strict=True))
    expected = _expected(truth, result)
    assert list(found) == list(expected)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=0.02, abs=2e-3), name


def test_it_is_the_weighted_sum() -> None:
    truth, result = _recolored(1)
    same = terms(Pair(Truth(truth), truth))
    changed = terms(Pair(Truth(truth), result))
    assert (changed != same).any()
    found = score(result, truth, "naturalness")["naturalness"]
    assert found == pytest.approx(float((changed - same) @ WEIGHTS))
    assert naturalness(Pair(Truth(truth), truth)) == 0


def test_gray_hues_do_not_count() -> None:
    truth = photo(64, 64, 3)
    gray = np.repeat(truth[..., 1:2], 3, 2)
    assert dict(zip(TERMS, terms(Pair(Truth(truth), gray)), strict=True))["hue_change"] < 0.05


def test_small_pictures_are_refused_as_by_lpips() -> None:
    small = photo(20, 20, 1)
    with pytest.raises(PictureError):
        score(small, small, "naturalness")
    assert math.isfinite(score(photo(33, 47, 1), photo(33, 47, 2), "naturalness")["naturalness"])


def test_the_fit_is_a_ridge_regression_within_scenes() -> None:
    random = np.random.default_rng(0)
    values, scenes = random.normal(size=(120, 8)) * np.arange(1, 9), np.repeat(list("abcd"), 30)
    ratings = values @ np.linspace(-1, 1, 8) + random.normal(size=120)
    x, y = values / values.std(0), np.empty(120)
    for scene in "abcd":
        rows = scenes == scene
        x[rows] -= x[rows].mean(0)
        y[rows] = RATING_SPREAD * norm.ppf((rankdata(ratings[rows]) - 0.5) / 30)
    expected = Ridge(RIDGE, fit_intercept=False).fit(x, y).coef_ / values.std(0)
    assert fit(values, ratings, scenes) == pytest.approx(expected)
    rows, _ = folds(values, -ratings, ratings, scenes)
    here = scenes == "b"
    predicted = values[here] @ fit(values[~here], ratings[~here], scenes[~here])
    assert rows[1].fitted == pytest.approx(spearmanr(predicted, ratings[here])[0])
    assert [row.lpips for row in rows] == pytest.approx([1] * 4)


def test_the_command_prints_the_folds(tmp_path: Path) -> None:
    """A folder like HECD with two scenes: a table of folds, the colorizers and the weights."""
    (tmp_path / "Data").mkdir()
    (tmp_path / "HECDImages").mkdir()
    details, ratings = [], [["Ground Truth File", "Recolour File", "Mean zScore"]]
    names = ("DeOldify", "PhotoShop", "Iizuka", "Larsson", "Zhang1", "Zhang2")
    for scene in range(2):
        truth = f"{scene}_gt.jpg"
        ratings.append([truth, truth, "0.4"])
        Image.fromarray(photo(64, 80, scene)).save(tmp_path / "HECDImages" / truth)
        for number, name in enumerate(names):
            file = f"{scene}_{number}.jpg"
            Image.fromarray(photo(64, 80, 10 * scene + number + 2)).save(
                tmp_path / "HECDImages" / file
            )
            details.append([str(scene), file, f"Colourised by {name}", ""])
            ratings.append([truth, file, str(0.1 * number)])
    for file, rows in (("recolour_mod_details.csv", details), ("mean_zscores.csv", ratings)):
        with (tmp_path / "Data" / file).open("w", newline="") as out:
            csv.writer(out).writerows(rows)
    run = CliRunner().invoke(main, [str(tmp_path), "--terms", str(tmp_path / "terms.json")])
    assert run.exit_code == 0, run.output
    assert "0_gt.jpg" in run.output
    assert "DeOldify" in run.output
    assert "coarse_structure" in run.output
    again = CliRunner().invoke(main, [str(tmp_path), "--terms", str(tmp_path / "terms.json")])
    assert again.output.splitlines()[-20:] == run.output.splitlines()[-20:]
    broken = CliRunner().invoke(main, [str(tmp_path / "Data")])
    assert broken.exit_code == 1
    assert "cannot read HECD" in broken.output


def test_gray_versions_keep_lightness() -> None:
    """A check of the test's own pictures: they differ in color only."""
    truth, result = _recolored(0)
    assert np.abs(lightness(truth) - lightness(result)).max() < 0.6
