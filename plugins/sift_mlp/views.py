"""Modules 1 and 2 of the paper, for training: the features of a picture, pickled once.

A picture gives four views: itself, and three random parts with altered contrast, each mirrored with
probability 0.5. Of each view, 64 random grid points are kept: their SIFT features, luminance and
position, the features of the whole view, and a* and b*. The name of a record contains the digest of
the picture and of the code, so that no picture is computed twice.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from colortk.plugin import (
    Array,
    Arrays,
    ArtifactError,
    Float32,
    PickleStore,
    PictureError,
    WorkingSize,
    decode,
    read_bytes,
    resize,
    rgb_to_lab,
    running_code,
    working_shape,
)

from .features import extract_features, grid_coordinates
from .spec import SHORT

KIND = "sift_mlp"
VIEWS = 4
POINTS = 64
#: Pixels between two points of the grid that points are drawn from.
SPACING = 8
_MIN_SIDE = 96


@dataclass(frozen=True)
class RecordTask:
    """The task to make the record of a picture.

    Parameters
    ----------
    path : Path
        The picture.
    store : Path
        Folder of the store.
    """

    path: Path
    store: Path


@dataclass(frozen=True)
class TrainingRecord:
    """The record of a picture, or the reason why there is none.

    Parameters
    ----------
    path : Path
        The picture.
    key : str
        Key of its record; empty after an error.
    error : str
        Empty if there is a record.
    """

    path: Path
    key: str = ""
    error: str = ""


def prepare_record(task: RecordTask) -> TrainingRecord:
    """Make the record of a picture, unless the store has it.

    Parameters
    ----------
    task : RecordTask
        The picture and the store.

    Returns
    -------
    TrainingRecord
        The key, or the error.
    """
    cv2.setNumThreads(1)  # several processes run in parallel
    path = task.path
    try:
        data = read_bytes(path)
        digest = hashlib.sha256(data).hexdigest()
        store = PickleStore(task.store)
        code = running_code(__name__)
        key = store.key(KIND, digest, code)
        if not _is_usable(store, key):
            rgb = decode(data, str(path)).pixels
            if rgb.ndim == 2:
                rgb = np.repeat(rgb[..., None], 3, 2)
            arrays = make_views(rgb, np.random.default_rng(int(digest[:16], 16)))
            description = {"picture": path.name, "picture_sha256": digest, "code": code}
            store.keep(KIND, key, arrays, description, durable=False)
        return TrainingRecord(path, key)
    except PictureError as error:
        return TrainingRecord(path, error=str(error))


def _is_usable(store: PickleStore, key: str) -> bool:
    """Whether the store has the record and it is intact; otherwise the record is made again."""
    if not store.has(KIND, key):
        return False
    try:
        store.get(KIND, key)
        return True
    except ArtifactError:
        return False


def make_views(rgb: Array, rng: np.random.Generator) -> Arrays:
    """Return the record of a picture.

    Parameters
    ----------
    rgb : ndarray
        sRGB, uint8 or uint16 (H, W, 3).
    rng : numpy.random.Generator
        Decides everything random.

    Returns
    -------
    dict
        ``sift`` uint8 (4, 64, 4, 128), ``luminance`` float16 (4, 64, 32), ``place`` float16
        (4, 64, 2), ``whole`` float16 (4, 32), ``context`` float16 (4, 512), ``a`` and ``b`` float16
        (4, 64).
    """
    records = []
    for number in range(VIEWS):
        part = rgb if number == 0 else _random_part(rgb, rng)
        if rng.random() < 0.5:
            part = part[:, ::-1]
        lab = _resize_to_working_size(rgb_to_lab(np.ascontiguousarray(part)))
        light = lab[..., 0]
        if number > 0:
            gamma = np.exp(rng.normal(0, 0.15))
            # L* of black can be a rounding error below 0.
            light = (100 * (np.clip(light, 0, 100) / 100) ** gamma).astype(np.float32)
        records.append(_draw_points(np.ascontiguousarray(light), lab[..., 1:], rng))
    return {name: np.stack([record[name] for record in records]) for name in records[0]}


def _random_part(rgb: Array, rng: np.random.Generator) -> Array:
    """Return a random part: 55 to 100 % of each side, and at least `_MIN_SIDE` pixels."""
    height, width = rgb.shape[:2]
    share = max(rng.uniform(0.55, 1), min(1.0, _MIN_SIDE / min(height, width)))
    h, w = max(1, int(height * share)), max(1, int(width * share))
    top, left = rng.integers(height - h + 1), rng.integers(width - w + 1)
    return rgb[top : top + h, left : left + w]


def _resize_to_working_size(lab: Float32) -> Float32:
    height, width = working_shape(WorkingSize(SHORT), *lab.shape[:2])
    return resize(lab, (width, height))


def _draw_points(light: Float32, chroma: Float32, rng: np.random.Generator) -> Arrays:
    rows, columns = (max(2, round(side / SPACING)) for side in light.shape)
    features = extract_features(light, rows, columns)
    ab = resize(np.ascontiguousarray(chroma), (columns, rows)).reshape(-1, 2)
    chosen = rng.permutation(rows * columns)[:POINTS]
    if len(chosen) < POINTS:
        chosen = np.resize(chosen, POINTS)

    def pick(values: Array) -> Array:
        return values.reshape(rows * columns, *values.shape[2:])[chosen]

    return {
        "sift": pick(features.sift),
        "luminance": pick(features.luminance),
        "place": pick(grid_coordinates(rows, columns)),
        "whole": features.whole,
        "context": features.context,
        "a": ab[chosen, 0].astype(np.float16),
        "b": ab[chosen, 1].astype(np.float16),
    }
