"""Several plausible versions of a prediction, made from its distribution of colors.

The picture is divided into superpixels, and superpixels with similar distributions and lightness
are joined to segments, so that all parts of a meadow change together. The modes of a segment are
directions of hue with enough probability. A version moves each segment from its expected color
toward one mode; the detail of the prediction stays. Of many random versions, those that differ most
are chosen.

References
----------
.. [1] Zhang, Isola, Efros: Colorful Image Colorization. ECCV 2016.
.. [2] Achanta et al.: SLIC Superpixels. IEEE TPAMI 34 (11), 2012.
.. [3] Min et al.: Fast Global Image Smoothing Based on Weighted Least Squares. IEEE TIP 23 (12),
   2014.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from colortk._opencv import cv2
from colortk.errors import UsageError
from colortk.types import Float32

#: Most versions of one picture.
MAX_VARIANTS = 16
#: Side of a superpixel as a share of the short side of the picture, and most segments.
SUPERPIXEL, SEGMENTS = 1 / 20, 8
#: Least side of a picture that is divided into superpixels; smaller ones are padded.
MIN_SIDE = 16
#: Weights of lightness (of its whole range) and of position beside the distributions.
LIGHTNESS_WEIGHT, POSITION_WEIGHT = 0.5, 0.25
#: Directions of hue; colors with less chroma than ``NEUTRAL`` have none and form one more mode.
HUES, NEUTRAL = 12, 8.0
#: Least probability of a mode: absolute, and as a share of the likeliest mode of the segment.
MIN_MASS, MIN_SHARE = 0.07, 0.28
#: How far a segment moves from its expected color to the mean color of a mode. That mean is that of
#: all strong colors of one hue, which are too strong for a whole segment.
MOVE = 0.7
#: Random versions for each one that is chosen, and the weights of their log-probability and of new
#: color edges beside differences in color (CIE76).
CANDIDATES, LIKELIHOOD, NEW_EDGES = 64, 1.5, 0.5
#: Difference of neighboring pixels (CIE76) that makes a color edge between them credible.
VISIBLE_EDGE = 5.0
#: Noise in the choice of a mode: the same in all segments, and of each segment. The first is
#: larger, so that similar segments change alike.
SHARED_NOISE, OWN_NOISE = 1.0, 0.3
#: Smoothing of the moves along edges: strength, and the difference (8 bits) that is an edge.
SMOOTHING, EDGE = 200.0, 4.0


def check_variants(count: int, seed: int) -> None:
    """Raise ``UsageError`` if a number of versions or a seed is out of range."""
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MAX_VARIANTS:
        reason = f"it is a whole number from 1 to {MAX_VARIANTS}"
        raise UsageError(f"variants {count!r}", reason)
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise UsageError(f"seed {seed!r}", "it is a whole number from 0 to 4,294,967,295")


@dataclass(frozen=True)
class _Modes:
    """Modes of each segment.

    ``colors`` (segments, modes, 2) holds mean colors; ``log_mass`` (segments, modes) logarithms of
    probabilities, minus infinity for modes that are not plausible.
    """

    colors: Any
    log_mass: Any


def diverse_versions(
    lightness: Float32,
    ab: Float32,
    probabilities: Float32,
    centers: Float32,
    count: int,
    seed: int = 0,
    gain: float = 1.0,
) -> Float32:
    """Return versions of a prediction that are far apart and plausible.

    Parameters
    ----------
    lightness : float32 array of shape (H, W)
        CIE L*, 0 to 100.
    ab : float32 array of shape (H, W, 2)
        The prediction, CIE a* and b*.
    probabilities : float32 array of shape (h, w, K)
        Probability of each color, at the same size or smaller.
    centers : float32 array of shape (K, 2)
        The colors, CIE a* and b*.
    count : int
        Number of versions, 1 to `MAX_VARIANTS`.
    seed : int
        The same seed gives the same versions.
    gain : float
        Factor on the colors of modes, as on the prediction.

    Returns
    -------
    float32 array of shape (count, H, W, 2)
        The first is the prediction itself.
    """
    versions = np.repeat(np.asarray(ab, np.float32)[None], count, 0)
    if count == 1:
        return versions
    segments = _segments(lightness, ab, probabilities)
    weights, colors = _split_by_hue(probabilities, centers)
    modes = _modes(weights, colors * gain, segments)
    mean = _means(ab, segments)
    borders = _borders(segments, lightness, ab)
    chosen = _choose(modes, mean, np.bincount(segments.ravel()), borders, count - 1, seed)
    size = lightness.shape[1], lightness.shape[0]
    smoother = _smoother(lightness, ab)
    for version, choice in zip(versions[1:], chosen, strict=True):
        version += smoother(_moves(segments, choice, modes, mean, weights, size))
    return versions


def _segments(lightness: Float32, ab: Float32, probabilities: Float32) -> Any:
    """Return the number of the segment of each pixel, int (H, W)."""
    from scipy.cluster.hierarchy import fcluster, linkage

    height, width = lightness.shape
    lab = _lab_8_bits(lightness, ab)
    side = max(4, round(min(height, width) * SUPERPIXEL))
    # OpenCV's SLIC reads beyond the memory of pictures that are one pixel wide.
    missing = max(0, MIN_SIDE - height), max(0, MIN_SIDE - width)
    padded = np.pad(lab, ((0, missing[0]), (0, missing[1]), (0, 0)), "edge")
    slic = cv2.ximgproc.createSuperpixelSLIC(padded, cv2.ximgproc.SLICO, side)
    slic.iterate(5)
    slic.enforceLabelConnectivity(20)
    used = slic.getLabels()[:height, :width]
    labels = np.unique(used, return_inverse=True)[1].reshape(height, width)
    count = int(labels.max()) + 1
    if count <= 2:
        return labels
    # Square roots: their distance is that of Hellinger between distributions.
    distribution = np.sqrt(_means(probabilities, labels))
    y, x = np.mgrid[:height, :width] / max(height, width)
    context = np.dstack([lightness / 100 * LIGHTNESS_WEIGHT, POSITION_WEIGHT * x])
    context = np.dstack([context, POSITION_WEIGHT * y])
    tree = linkage(np.hstack([distribution, _means(context, labels)]), "ward")
    return (fcluster(tree, SEGMENTS, "maxclust") - 1)[labels]


def _lab_8_bits(lightness: Float32, ab: Float32) -> Any:
    lab = np.dstack([lightness * np.float32(2.55), ab + np.float32(128)])
    return np.ascontiguousarray(np.clip(np.rint(lab), 0, 255).astype(np.uint8))


def _means(values: Any, labels: Any) -> Any:
    """Return the mean of the values (h, w, C) of each label (H, W), float64 (labels, C).

    Values may be coarser than labels: each pixel then counts with its nearest value.
    """
    from scipy.sparse import csr_matrix

    height, width = labels.shape
    rows = np.arange(height) * values.shape[0] // height
    columns = np.arange(width) * values.shape[1] // width
    cells = (rows[:, None] * values.shape[1] + columns).ravel()
    flat = labels.ravel()
    counts = csr_matrix((np.ones(flat.size), (flat, cells)))
    counts.sum_duplicates()
    sums = counts @ values.reshape(-1, values.shape[2])
    return sums / np.bincount(flat)[:, None]


def _split_by_hue(probabilities: Float32, centers: Float32) -> tuple[Any, Any]:
    """Return the probability of each mode (h, w, modes), and its conditional mean color."""
    chroma = np.hypot(centers[:, 0], centers[:, 1])
    angle = np.arctan2(centers[:, 1], centers[:, 0]) / (2 * np.pi) * HUES
    # Each color belongs to the two nearest directions, as if between them.
    away = np.abs((angle[:, None] - np.arange(HUES) + HUES / 2) % HUES - HUES / 2)
    members = np.clip(1.5 - away, 0, 1) * (chroma >= NEUTRAL)[:, None]
    members = np.hstack([members, (chroma < NEUTRAL)[:, None]]).astype(np.float32)
    flat = probabilities.reshape(-1, len(centers))
    weights = flat @ members
    means = [flat @ (members * centers[:, channel : channel + 1]) for channel in (0, 1)]
    colors = np.stack(means, -1) / np.maximum(weights, 1e-6)[..., None]
    shape = probabilities.shape[:2]
    return weights.reshape(*shape, -1), colors.reshape(*shape, members.shape[1], 2)


def _modes(weights: Float32, colors: Any, segments: Any) -> _Modes:
    mass = _means(weights, segments)
    weighted = (colors * weights[..., None]).reshape(*weights.shape[:2], -1)
    sums = _means(weighted, segments).reshape(*mass.shape, 2)
    plausible = mass >= np.maximum(MIN_MASS, MIN_SHARE * mass.max(1, keepdims=True))
    with np.errstate(divide="ignore"):
        log_mass = np.where(plausible, np.log(mass), -np.inf)
    return _Modes(sums / np.maximum(mass, 1e-6)[..., None], log_mass)


def _borders(segments: Any, lightness: Float32, ab: Float32) -> Any:
    """Return the length of the borders without a visible edge between segments, (segments,) * 2.

    Lengths are relative to the long side of the picture.
    """
    count = int(segments.max()) + 1
    lab = np.dstack([lightness, ab])
    lengths = np.zeros((count, count))
    for axis in (0, 1):
        first = np.moveaxis(segments, axis, 0)
        differences = np.moveaxis(np.linalg.norm(np.diff(lab, axis=axis), axis=2), axis, 0)
        weights = np.exp(-differences / VISIBLE_EDGE)
        pairs = (first[:-1] * count + first[1:]).ravel()
        lengths += np.bincount(pairs, weights.ravel(), count * count).reshape(count, count)
    np.fill_diagonal(lengths, 0)
    return lengths / max(segments.shape)


def _choose(modes: _Modes, mean: Any, sizes: Any, borders: Any, count: int, seed: int) -> list[Any]:
    """Return the modes of each segment, int (segments,), of versions that are far apart."""
    rng = np.random.default_rng(seed)
    total = CANDIDATES * count
    shape = modes.log_mass.shape
    scores = modes.log_mass + SHARED_NOISE * rng.gumbel(size=(total, 1, shape[1]))
    choices = (scores + OWN_NOISE * rng.gumbel(size=(total, *shape))).argmax(2)
    rows = np.arange(shape[0])
    share = sizes / sizes.sum()
    best = modes.log_mass.max(1)
    likelihood = ((modes.log_mass[rows, choices] - best) * share).sum(1)
    moves = MOVE * (modes.colors[rows, choices] - mean)
    edges = sum(
        borders[i, j] * np.linalg.norm(moves[:, i] - moves[:, j], axis=1)
        for i, j in np.argwhere(borders)
    )
    penalty = NEW_EDGES * edges - LIKELIHOOD * likelihood
    colors = mean + moves
    nearest = _distance(colors, mean, share)
    chosen: list[Any] = []
    # The first one is drawn from the best quarter: otherwise every seed would find the same ones.
    number = int(rng.choice(np.argsort(penalty - nearest, kind="stable")[: total // 4]))
    for _ in range(count):
        chosen.append(choices[number])
        nearest = np.minimum(nearest, _distance(colors, colors[number], share))
        number = int(np.argmax(nearest - penalty))
    return chosen


def _distance(colors: Any, other: Any, share: Any) -> Any:
    """Return the mean difference (CIE76) of segments between versions (N, segments, 2) and one."""
    return (np.linalg.norm(colors - other, axis=-1) * share).sum(-1)


def _moves(
    segments: Any, choice: Any, modes: _Modes, mean: Any, weights: Float32, size: tuple[int, int]
) -> Float32:
    """Return the move of each pixel, float32 (H, W, 2).

    A pixel moves less where its mode is less probable than in the whole segment: teeth in a face,
    a collar on a coat.
    """
    rows = np.arange(len(choice))
    moves = MOVE * (modes.colors[rows, choice] - mean)
    mass = np.exp(modes.log_mass[rows, choice])
    of_pixel = cv2.resize(np.ascontiguousarray(weights), size, interpolation=cv2.INTER_LINEAR)
    fit = np.take_along_axis(of_pixel, choice[segments][..., None], 2)[..., 0] / mass[segments]
    moved: Float32 = (moves[segments] * np.minimum(fit, 1)[..., None]).astype(np.float32)
    return moved


def _smoother(lightness: Float32, ab: Float32) -> Any:
    """Return a function that smooths moves (H, W, 2) along the edges of the picture."""
    lab = _lab_8_bits(lightness, ab)
    fast = cv2.ximgproc.createFastGlobalSmootherFilter(lab, SMOOTHING, EDGE)

    def smooth(moves: Float32) -> Float32:
        planes = [fast.filter(np.ascontiguousarray(moves[..., k])) for k in (0, 1)]
        return np.stack(planes, -1)

    return smooth
