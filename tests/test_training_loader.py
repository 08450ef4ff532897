"""Batches of crops of pictures: content, order, threads and the cache of images."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2lab

from colortk.errors import PictureError
from colortk.training.data import aging, crops
from colortk.training.data.dataset import MAX_HELD_OUT, draw_held_out
from colortk.training.data.image_cache import ImageCache
from colortk.training.data.loader import Loader, validation_arrays
from colortk.training.data.source import FolderSource
from conftest import photo
from training_recipes import RECIPE


@pytest.fixture
def images(tmp_path: Path) -> ImageCache:
    paths = []
    for seed in range(5):
        paths.append(tmp_path / f"{seed}.png")
        Image.fromarray(photo(40, 60, seed)).save(paths[-1])
    return ImageCache(FolderSource(tmp_path), paths)


def loader(images: ImageCache, **changes: object) -> Loader:
    share = [1 / len(images)] * len(images)
    return Loader(images, share, replace(RECIPE, **changes), seed=3, jobs=2)


def test_batches_depend_only_on_the_epoch_number(images: ImageCache) -> None:
    def digest(number: int, jobs: int) -> str:
        made = replace(loader(images), jobs=jobs).epoch(number, 16, 4, 32)
        return hashlib.sha256(b"".join(x.tobytes() + y.tobytes() for x, y in made)).hexdigest()

    assert digest(0, 1) == digest(0, 3)
    assert digest(0, 1) != digest(1, 1)


def test_batches_hold_lightness_and_its_own_chroma(images: ImageCache) -> None:
    (x, y), *rest = loader(images, zoom=(1, 1)).epoch(0, 12, 4, 40)
    assert len(rest) == 2
    assert x.shape == (4, 40, 40, 1)
    assert y.shape == (4, 40, 40, 2)
    # A full-size square of a 40 x 60 picture is not scaled, so each crop is a part of one picture.
    truths = [rgb2lab(images[i]) for i in range(5)]
    for one, chroma in zip(x[..., 0] * 50 + 50, y * 110, strict=True):
        found = [
            np.abs(part[..., 0] - one).max() + np.abs(part[..., 1:] - chroma).max()
            for lab in truths
            for left in range(21)
            for part in (lab[:, left : left + 40], lab[:, left : left + 40][:, ::-1])
        ]
        assert min(found) < 0.05


def test_augmented_training_has_thirteen_examples_of_each_picture(images: ImageCache) -> None:
    made = loader(images, examples="augmented")
    assert made.epoch_size() == 65
    made.prepare(32)
    first = [y for _, y in made.epoch(0, 65, 13, 32)]
    again = [y for _, y in made.epoch(1, 65, 13, 32)]

    def rows(batches: list[np.ndarray]) -> list[bytes]:
        return sorted(np.rint(row * 500).tobytes() for batch in batches for row in batch)

    assert rows(first) == rows(again), "the same pictures in every epoch"
    assert any((a != b).any() for a, b in zip(first, again, strict=True)), "in another order"
    assert len(set(rows(first))) > 50
    unprepared = loader(images, examples="augmented")
    late = [y for _, y in unprepared.epoch(0, 65, 13, 32)]
    assert all((a == b).all() for a, b in zip(first, late, strict=True)), "kept or made anew"


def test_packed_lab_equals_the_8_bit_lab_of_opencv(images: ImageCache) -> None:
    import cv2

    lightness, ab = crops.to_lab(images[1][None])
    packed = crops.lab_to_bytes(lightness, ab)[0]
    theirs = cv2.cvtColor(images[1], cv2.COLOR_RGB2LAB)
    difference = np.abs(packed.astype(int) - theirs)
    assert difference.max() <= 2, "OpenCV's own is not exact"
    assert difference.mean() < 0.2
    back = crops.lab_from_bytes(packed)
    assert np.abs(back[0] - lightness[0]).max() < 0.21
    assert np.abs(back[1] - ab[0]).max() <= 0.501


def test_aged_lightness_keeps_the_true_chroma(images: ImageCache) -> None:
    plain = list(loader(images).epoch(0, 8, 4, 32))
    aged = list(loader(images, lightness=aging.aged_lightness).epoch(0, 8, 4, 32))
    assert all((one[1] == two[1]).all() for one, two in zip(plain, aged, strict=True))
    assert any((one[0] != two[0]).any() for one, two in zip(plain, aged, strict=True))
    again = list(loader(images, lightness=aging.aged_lightness).epoch(0, 8, 4, 32))
    assert all((one[0] == two[0]).all() for one, two in zip(again, aged, strict=True))


def test_a_changed_crop_changes_lightness_and_chroma(images: ImageCache) -> None:
    def blacken(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        assert 0 <= rng.random() < 1
        changed = crop.copy()
        changed[:8] = 0
        return changed

    batches = [
        next(iter(loader(images, change_crop=change).epoch(0, 4, 4, 32)))
        for change in (None, blacken)
    ]
    (before, truth), (after, changed) = batches
    assert (before[:, 8:] == after[:, 8:]).all()
    assert (truth[:, 8:] == changed[:, 8:]).all()
    assert np.ptp(after[:, :8]) < 1e-6
    assert np.abs(changed[:, :8]).max() < 1e-4


def test_validation_uses_the_middle_of_every_picture(images: ImageCache) -> None:
    x, y = validation_arrays(images, RECIPE, 40)
    truth = rgb2lab(images[2][:, 10:50])
    assert np.abs(x[2, ..., 0] * 50 + 50 - truth[..., 0]).max() < 0.02
    assert np.abs(y[2] * 110 - truth[..., 1:]).max() < 0.02


def test_a_closed_loader_ends_its_threads(images: ImageCache) -> None:
    before = set(threading.enumerate())
    batches = loader(images).epoch(0, 4000, 4, 32)
    next(batches)
    threads = set(threading.enumerate()) - before
    assert threads
    batches.close()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)


def test_an_image_cache_keeps_as_many_pictures_as_fit(images: ImageCache) -> None:
    small = ImageCache(images.source, images.paths, 2 * 40 * 60 * 3)
    for _ in range(2):
        for index in range(5):
            assert (small[index] == images[index]).all()
    assert len(small._pictures) == 2
    assert (images.subset([3, 1])[0] == images[3]).all()


def test_an_image_cache_reads_gray_16_bit_and_large_pictures(tmp_path: Path) -> None:
    Image.fromarray(photo(40, 60)).convert("L").save(tmp_path / "gray.png")
    Image.fromarray(photo(40, 60)[..., 0].astype(np.uint16) << 8).save(tmp_path / "deep.png")
    Image.fromarray(photo(600, 900)).save(tmp_path / "large.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    names = ("gray", "deep", "large", "broken")
    found = ImageCache(FolderSource(tmp_path), [tmp_path / f"{name}.png" for name in names])
    assert found[0].shape == found[1].shape == (40, 60, 3)
    assert found[2].shape == (288, 432, 3)
    with pytest.raises(PictureError):
        found[3]


def test_crops_of_the_narrowest_pictures() -> None:
    rng = np.random.default_rng(0)
    for shape in ((1, 40, 3), (40, 1, 3), (1, 1, 3), (2, 2, 3)):
        view = crops.random_crop(np.full(shape, 7, np.uint8), 16, (0.5, 1.0), rng)
        assert (view == 7).all()
        assert view.shape == (16, 16, 3)


def test_crops_stay_inside_and_are_mirrored_half_the_time() -> None:
    ramp = np.repeat(np.arange(100, dtype=np.uint8)[None, :, None], 50, 0).repeat(3, 2)
    rng = np.random.default_rng(0)
    mirrored = 0
    for _ in range(200):
        view = crops.random_crop(ramp, 16, (0.4, 1.0), rng)
        assert view.shape == (16, 16, 3)
        steps = np.diff(view[8, :, 0].astype(int))
        assert (steps >= 0).all() or (steps <= 0).all()
        mirrored += steps.sum() < 0
    assert 70 < mirrored < 130


def test_held_out_pictures_are_drawn_once() -> None:
    paths = [Path(f"{i}.png") for i in range(2 * MAX_HELD_OUT)]
    some = draw_held_out(paths, [1.0] * MAX_HELD_OUT + [0.0] * MAX_HELD_OUT, seed=0)
    assert some == paths[:MAX_HELD_OUT]
    assert draw_held_out(paths[:10], [0.1] * 10, seed=0) == paths[:10]
