"""The conformance checks. Each raises ``AssertionError`` if a colorizer does not conform."""

from __future__ import annotations

import subprocess
import sys
import unittest
import warnings

import numpy as np

from colortk.color.cielab import rgb_to_lab
from colortk.color.working_size import working_shape
from colortk.guidance.working_hints import WorkingHints
from colortk.pipeline import colorize, refiner
from colortk.plugin.registry import registry
from colortk.plugin.spec import API_VERSION, ColorizerSpec, load_callable
from colortk.runtime.loading import Loaded, PluginRequest
from colortk.store.artifacts import artifacts_of
from colortk.types import Float32

#: Modules that a declaration must not import, because their import takes a third of a second or
#: more.
HEAVY_MODULES = (
    "tensorflow",
    "keras",
    "torch",
    "jax",
    "onnxruntime",
    "sklearn",
    "cv2",
    "scipy",
    "matplotlib",
)


class NotRunError(Exception):
    """A check cannot run because of a failure that another check has reported."""


class UnlikelyResultWarning(UserWarning):
    """A check has passed, but the result is hardly what the author means."""


class NothingToCheckError(NotRunError, unittest.SkipTest):
    """The plugin lacks the feature that a check is about. pytest and unittest skip the test."""


def scene(height: int, width: int) -> Float32:
    """Return a lightness with smooth parts, edges and texture.

    Parameters
    ----------
    height, width : int
        Size in pixels.

    Returns
    -------
    float32 array of shape (height, width)
        CIE L*, 0 to 100; the same for the same size.
    """
    y, x = np.mgrid[:height, :width].astype(np.float32)
    rng = np.random.default_rng(height * 65536 + width)
    picture = 50 + 30 * np.sin(x / 17) * np.cos(y / 23) + 12 * ((x + y) % 40 > 20)
    picture += rng.normal(0, 3, picture.shape)
    clipped: Float32 = np.clip(picture, 0, 100).astype(np.float32)
    return clipped


def working_scene(loaded: Loaded, height: int = 192, width: int = 256) -> Float32:
    """Return a scene of the size at which a plugin gets a picture of ``height`` x ``width``."""
    return scene(*working_shape(loaded.spec.working_size, height, width))


def declaration_is_complete(request: PluginRequest) -> None:
    """Check summary, API version, the digests of artifacts, and that a function can be imported."""
    spec = registry().find(request.plugin).spec
    assert spec.summary, "it has no one-line summary"
    assert "\n" not in spec.summary, "its summary has more than one line"
    assert 1 <= spec.api_version <= API_VERSION, f"API version {spec.api_version}"
    if not isinstance(spec, ColorizerSpec):
        load_callable(spec.function)
        return
    artifacts = artifacts_of(spec, request.weights)
    for artifact in artifacts.artifacts:
        if artifact.name in artifacts.paths:
            artifacts.path(artifact.name)  # a large file need not be in memory
        else:
            artifacts.read(artifact.name)


def declaration_is_light(request: PluginRequest) -> None:
    """Check that the entry point that declares the plugin imports none of the heavy libraries."""
    declaration = registry().find(request.plugin)
    code = (
        "import sys; from importlib.metadata import distribution\n"
        "for point in distribution(sys.argv[1]).entry_points:\n"
        "    if point.group == 'colortk' and sys.argv[2] in (point.name, ''): point.load()\n"
        f"print(*[m for m in {HEAVY_MODULES!r} if m in sys.modules])"
    )
    entry_point = declaration.origin.name if declaration.origin else ""
    command = [sys.executable, "-c", code, declaration.distribution, entry_point]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr.strip().splitlines()[-1:]
    assert not run.stdout.split(), f"its declaration imports {run.stdout.strip()}"


def returns_chroma_of_the_right_shape(loaded: Loaded) -> None:
    """Check dtype float32, shape (H, W, 2), finite values, and a plausible range."""
    light = working_scene(loaded)
    raw = loaded.colorizer.predict_ab(light.copy())
    assert getattr(raw, "dtype", None) == np.float32, "predict_ab must return float32"
    ab = loaded.predict(light)  # checks shape and finiteness, as for every picture
    largest = float(np.abs(ab).max())
    assert largest <= 200, f"chroma of {largest:.0f}; a* and b* lie in -128..127"
    if 0 < largest <= 1:
        warnings.warn(
            f"chroma of {largest:.2g} at most, which looks gray: a* and b* lie in -128..127, and"
            " values from -1 to 1 have to be multiplied, often by 110 or 128",
            UnlikelyResultWarning,
            stacklevel=2,
        )


def handles_black_white_and_flat_pictures(loaded: Loaded) -> None:
    """Check pictures without contrast, by which a plugin may divide."""
    shape = working_scene(loaded).shape
    for value in (0, 50, 100):
        loaded.predict(np.full(shape, value, np.float32))


def handles_odd_shapes(loaded: Loaded) -> None:
    """Check shapes that the declared working size can lead to."""
    for height, width in ((97, 131), (300, 100), (100, 300), (1, 1), (1, 5000)):
        loaded.predict(working_scene(loaded, height, width))


def returns_the_same_result_twice(loaded: Loaded) -> None:
    """Check that the same picture gives the same chroma."""
    light = working_scene(loaded)
    difference = np.abs(loaded.predict(light) - loaded.predict(light)).max()
    assert difference < 1e-3, f"two predictions differ by {difference:.4f}"


def does_not_change_its_input(loaded: Loaded) -> None:
    """Check that the lightness is unchanged afterward."""
    light = working_scene(loaded)
    before = light.copy()
    loaded.colorizer.predict_ab(light)
    assert np.array_equal(light, before), "it changed the array that it was given"


def does_not_depend_on_previous_pictures(loaded: Loaded) -> None:
    """Check that a plugin keeps no state from one picture to the next."""
    light = working_scene(loaded)
    first = loaded.predict(light)
    loaded.predict(np.ascontiguousarray(100 - light))
    difference = np.abs(loaded.predict(light) - first).max()
    assert difference < 1e-3, f"another picture in between changed it by {difference:.4f}"


def batch_equals_single(loaded: Loaded) -> None:
    """Check that ``predict_ab_batch``, if it exists, returns the same as ``predict_ab``."""
    light = working_scene(loaded)
    lights = np.stack([light, 100 - light])
    singles = [loaded.predict(single) for single in lights]
    predict_batch = getattr(loaded.colorizer, "predict_ab_batch", None)
    if predict_batch is None:
        raise NothingToCheckError("it offers no predict_ab_batch")
    batch = predict_batch(lights.copy())
    assert batch.shape == (*lights.shape, 2), f"shape {batch.shape}"
    for single, batched in zip(singles, batch, strict=True):
        difference = np.abs(single - batched).max()
        assert difference < 1e-2, f"a batch differs from single pictures by {difference:.4f}"


def samples_are_repeatable(loaded: Loaded) -> None:
    """Check ``predict_ab_samples`` of a plugin that declares samples: shape, seed and input."""
    if not loaded.spec.samples:
        raise NothingToCheckError("it declares no samples")
    light = working_scene(loaded)
    before = light.copy()
    raw = loaded.colorizer.predict_ab_samples(light, 3, 0)  # type: ignore[attr-defined]
    assert np.array_equal(light, before), "it changed the array that it was given"
    assert getattr(raw, "dtype", None) == np.float32, "predict_ab_samples must return float32"
    versions = loaded.predict_samples(light, 3, 0)  # checks shape and finiteness
    difference = np.abs(loaded.predict_samples(light, 3, 0) - versions).max()
    assert difference < 1e-3, f"the same seed gives versions that differ by {difference:.4f}"
    assert loaded.predict_samples(light, 1, 7).shape == (1, *light.shape, 2)
    pairs = ((0, 1), (0, 2), (1, 2))
    apart = min(float(np.abs(versions[i] - versions[j]).mean()) for i, j in pairs)
    assert apart > 0.05, "two of three versions of a picture are the same"


def hints_are_followed(loaded: Loaded) -> None:
    """Check ``predict_ab_guided`` of a plugin that declares guided: form, effect and input."""
    if not loaded.spec.guided:
        raise NothingToCheckError("it does not declare guided")
    if not loaded.follows_hints:
        raise NothingToCheckError("its weights do not take hints")
    light = working_scene(loaded)
    plain = loaded.predict(light)
    ab, mask = np.zeros_like(plain), np.zeros_like(light)
    for row, column in ((0.3, 0.3), (0.7, 0.6)):
        at = np.s_[int(row * light.shape[0]) :, int(column * light.shape[1]) :]
        mask[at][:3, :3] = 1
        # The opposite hue is where no prediction lies by chance.
        ab[at][:3, :3] = np.where(plain[at][:3, :3] > 0, -40, 40)
    before = light.copy(), ab.copy(), mask.copy()
    raw = loaded.colorizer.predict_ab_guided(light, WorkingHints(ab, mask))  # type: ignore[attr-defined]
    unchanged = all(map(np.array_equal, (light, ab, mask), before))
    assert unchanged, "it changed the arrays that it was given"
    assert getattr(raw, "dtype", None) == np.float32, "predict_ab_guided must return float32"
    hints = WorkingHints(ab, mask)
    guided = loaded.predict_guided(light, hints)  # checks shape and finiteness
    difference = np.abs(loaded.predict_guided(light, hints) - guided).max()
    assert difference < 1e-3, f"two predictions with the same hints differ by {difference:.4f}"
    errors = [np.abs(x - ab)[mask == 1].mean() for x in (plain, guided)]
    assert errors[1] < errors[0], "its colors do not come closer to those of hints"
    assert np.abs(loaded.predict(light) - plain).max() < 1e-3, "it keeps hints for later pictures"


def films_are_repeatable(loaded: Loaded) -> None:
    """Check ``predict_ab_film`` of a plugin that declares film: a frame each, and no memory."""
    if not loaded.spec.film:
        raise NothingToCheckError("it does not declare film")
    light = working_scene(loaded)
    film = [np.ascontiguousarray(np.roll(light, 3 * number, axis=1)) for number in range(6)]
    plain = loaded.predict(light)
    # predict_film checks that each frame has one prediction, its shape, and finiteness.
    first = list(loaded.predict_film(iter(film)))
    list(loaded.predict_film(iter([np.ascontiguousarray(100 - frame) for frame in film])))
    again = list(loaded.predict_film(iter(film)))
    difference = max(np.abs(a - b).max() for a, b in zip(first, again, strict=True))
    assert difference < 1e-3, f"another film in between changed it by {difference:.4f}"
    assert len(list(loaded.predict_film(iter(film[:1])))) == 1, "a film of one frame"
    raw = next(iter(loaded.colorizer.predict_ab_film(iter(film))))  # type: ignore[attr-defined]
    assert getattr(raw, "dtype", None) == np.float32, "predict_ab_film must yield float32"
    assert np.abs(loaded.predict(light) - plain).max() < 1e-3, "it keeps a film for later pictures"


def keeps_lightness(loaded: Loaded) -> None:
    """Check that the finished picture has the lightness of the input."""
    light = scene(301, 203)
    rgb = colorize(light, loaded, refiner("ratio")).rgb
    error = np.abs(rgb_to_lab(rgb)[..., 0] - light)
    assert error.mean() < 0.3, f"mean |ΔL*| is {error.mean():.3f}"
    assert np.percentile(error, 99.9) < 1, f"99.9 % of |ΔL*| under {np.percentile(error, 99.9):.2f}"


def works_in_another_process(loaded: Loaded, request: PluginRequest | None = None) -> None:
    """Check that the request alone is enough to load the plugin in a worker process."""
    from colortk.runtime.isolate import Isolated

    light = working_scene(loaded)
    with Isolated(request or PluginRequest(loaded.spec.name), timeout=120) as worker:
        difference = np.abs(worker.predict(light) - loaded.predict(light)).max()
    assert difference < 1e-2, (
        f"another process returns other values: they differ by {difference:.4f}"
    )
