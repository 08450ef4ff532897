"""Training targets that mix predictions of a plugin with true colors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colortk.errors import UsageError
from colortk.plugin.spec import ColorizerSpec, WorkingSize
from colortk.runtime.loading import Loaded
from colortk.runtime.network_io import LinearScaling
from colortk.training.data.image_cache import ImageCache
from colortk.training.data.loader import Loader, validation_arrays
from colortk.training.data.source import FolderSource
from colortk.training.loop.teacher import Teacher, load_teacher
from colortk.training.recipe import Recipe
from colortk.types import Float32
from conftest import Run, photo

CODEC = LinearScaling(offset=50, scale=50, chroma_scale=100)


class Known:
    """A colorizer that predicts (L*, -L*) and records the shapes of its inputs."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def predict_ab(self, lightness: Float32) -> Float32:
        self.shapes.append(lightness.shape)
        return np.stack([lightness, -lightness], -1)


def known(share: float, **size: int | bool | None) -> tuple[Teacher, Known]:
    plugin = Known()
    spec = ColorizerSpec("known", "for tests", "none:none", working_size=WorkingSize(**size))
    return Teacher(Loaded(spec, plugin), share), plugin


@pytest.fixture
def images(tmp_path: Path) -> ImageCache:
    paths = []
    for seed in range(4):
        paths.append(tmp_path / f"{seed}.png")
        Image.fromarray(photo(40, 60, seed)).save(paths[-1])
    return ImageCache(FolderSource(tmp_path), paths)


def loader(images: ImageCache, who: Teacher | None) -> Loader:
    recipe = Recipe("none", lambda: None, CODEC, 1, 4, 1e-3, sides=((32, 1),), teacher=who)
    return Loader(images, [0.25] * 4, recipe, seed=3)


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_targets_are_a_mixture(share: float, images: ImageCache) -> None:
    who, _ = known(share, short=256, multiple=32)
    plain = list(loader(images, None).epoch(0, 8, 4, 32))
    taught = list(loader(images, who).epoch(0, 8, 4, 32))
    for (x, truth), (same, mixed) in zip(plain, taught, strict=True):
        assert (x == same).all()
        lightness = x[..., 0] * 50 + 50
        answer = np.stack([lightness, -lightness], -1) / 100
        np.testing.assert_allclose(mixed, (1 - share) * truth + share * answer, atol=1e-5)


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        ({"short": 256, "multiple": 32}, (64, 96)),
        ({"short": 128, "square": True}, (128, 128)),
        ({"short": None}, (64, 96)),
    ],
)
def test_crops_are_not_enlarged_if_avoidable(size: dict[str, int], shape: tuple[int, int]) -> None:
    who, plugin = known(1.0, **size)
    lightness = np.full((2, 64, 96), 40, np.float32)
    found = who.targets(lightness, np.zeros((2, 64, 96, 2), np.float32))
    assert set(plugin.shapes) == {shape}
    np.testing.assert_allclose(found, np.broadcast_to([40, -40], found.shape), atol=1e-4)


def test_held_out_targets_stay_true_colors(images: ImageCache) -> None:
    who, _ = known(1.0)
    recipe = loader(images, who).recipe
    assert (
        validation_arrays(images, recipe, 32)[1]
        == validation_arrays(images, loader(images, None).recipe, 32)[1]
    ).all()


def test_a_teacher_is_a_plugin() -> None:
    assert load_teacher("mean_color", 0.5).loaded.spec.name == "mean_color"
    with pytest.raises(UsageError, match="mean_colr"):
        load_teacher("mean_colr", 0.5)


@pytest.mark.slow
def test_the_command_refuses_invalid_teachers(colortk: Run, tmp_path: Path) -> None:
    pytest.importorskip("keras")
    for number in range(12):
        Image.fromarray(photo(40, 40, number)).save(tmp_path / f"{number}.png")
    for plugin, said, why in (
        ("autoencoder", "gray=2", "at most 1"),
        ("autoencoder", "gray=x", "PLUGIN=SHARE"),
        ("autoencoder", "=0.5", "PLUGIN=SHARE"),
        ("autoencoder", "gra", "did you mean 'gray'"),
        ("mean_chrominance", "gray", "does not support --teacher"),
        ("mean_color", "gray", "does not support --teacher"),
    ):
        run = colortk("fit", "-p", plugin, "--data", ".", "-o", "out", "--teacher", said)
        assert run.returncode == 2, run.stderr
        assert why in run.stderr.splitlines()[-1]
        assert not (tmp_path / "out").exists()
