"""One generator of named checks behind pytest, the command line and CI."""

from __future__ import annotations

import functools
import subprocess
import sys
import unittest
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from colortk.color.cielab import rgb_to_lab
from colortk.color.working_size import working_shape
from colortk.errors import ColortkError
from colortk.pipeline import colorize, refiner
from colortk.plugin.registry import registry
from colortk.plugin.spec import API_VERSION, ColorizerSpec
from colortk.runtime.loading import Loaded, Request, load, reason, source_location
from colortk.store.artifacts import artifacts_of
from colortk.types import Float32

Check = Callable[[], None]
#: Modules that a declaration must not import: they cost seconds, or a third of one.
HEAVY = (
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


@dataclass(frozen=True)
class Outcome:
    """A check, and why it failed, if it did.

    ``ran``: false if an earlier failure left no way, or if there was nothing to check.
    """

    check: str
    error: str | None
    ran: bool = True

    @property
    def status(self) -> str:
        """``passed``, ``failed`` or ``not run``."""
        return "not run" if not self.ran else "failed" if self.error else "passed"


class NotRunError(Exception):
    """A check cannot run because of a failure that another one has reported."""


class NothingToCheckError(NotRunError, unittest.SkipTest):
    """The plugin does not offer what a check is about: pytest and unittest skip it."""


class _Ready:
    """The plugin, loaded once. A failure is raised in full once; after that it is only named."""

    def __init__(self, name: str) -> None:
        self._name, self._failed = name, False
        self._loaded: Loaded | None = None

    def __call__(self) -> Loaded:
        if self._failed:
            raise NotRunError(f"plugin '{self._name}' cannot be loaded")
        if self._loaded is None:
            self._failed = True
            self._loaded = load(Request(self._name))
            self._failed = False
        return self._loaded


def check_colorizer(name: str) -> Iterator[tuple[str, Check]]:
    """Names and bodies of all checks of the colorizer ``name``; a body raises if it fails.

    A plugin that cannot be loaded fails the first that needs it; the others raise ``NotRunError``.
    So does one about what the plugin does not offer, as ``NothingToCheckError``.
    """
    loaded = _Ready(name)
    yield "declares_itself_completely", lambda: declares_itself_completely(name)
    yield "declaration_is_light", lambda: declaration_is_light(name)
    for body in (
        answers_with_chroma_of_the_shape_asked_for,
        answers_for_black_white_and_flat_pictures,
        answers_for_odd_shapes,
        gives_the_same_answer_twice,
        leaves_its_input_alone,
        does_not_depend_on_the_picture_before,
        batch_equals_single,
        keeps_lightness_through_the_host,
        answers_in_another_process,
    ):
        yield body.__name__, functools.partial(_call, body, loaded)


def _call(body: Callable[[Loaded], None], loaded: Callable[[], Loaded]) -> None:
    body(loaded())


def run_checks(name: str) -> Iterator[Outcome]:
    """Run every check of ``name``; failures are data."""
    _, spec = registry().colorizer(name)  # unknown: the caller's mistake, not a failed check
    for title, body in check_colorizer(name):
        try:
            body()
            yield Outcome(title, None)
        except NotRunError as error:
            yield Outcome(title, f"not run: {error}", ran=False)
        except ColortkError as error:
            yield Outcome(title, str(error))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin may even exit
            said = " ".join(str(error).split())
            ours = (
                said
                and isinstance(error, AssertionError)
                and not source_location(error, spec.factory)
            )
            yield Outcome(title, said if ours else reason(error, spec.factory))


def parametrize_checks(*names: str) -> Any:
    """``pytest.mark.parametrize`` over the argument ``check`` for the colorizers ``names``."""
    import pytest

    cases = [
        pytest.param(body, id=f"{name}-{title}")
        for name in names
        for title, body in check_colorizer(name)
    ]
    return pytest.mark.parametrize("check", cases)


def scene(height: int, width: int) -> Float32:
    """A lightness with smooth parts, edges and texture, float32 (H, W), 0..100."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    rng = np.random.default_rng(height * 65536 + width)
    picture = 50 + 30 * np.sin(x / 17) * np.cos(y / 23) + 12 * ((x + y) % 40 > 20)
    picture += rng.normal(0, 3, picture.shape)
    clipped: Float32 = np.clip(picture, 0, 100).astype(np.float32)
    return clipped


def _at_working_size(loaded: Loaded, height: int = 192, width: int = 256) -> Float32:
    return scene(*working_shape(loaded.spec.working_size, height, width))


def declares_itself_completely(name: str) -> None:
    """A summary of one line, an API version that exists, artifacts that are what they should be."""
    _, spec = registry().colorizer(name)
    assert isinstance(spec, ColorizerSpec)
    assert spec.summary, "it has no one-line summary"
    assert "\n" not in spec.summary, "its summary has more than one line"
    assert 1 <= spec.api_version <= API_VERSION, f"API version {spec.api_version}"
    for artifact in spec.artifacts:
        artifacts_of(spec).read(artifact.name)


def declaration_is_light(name: str) -> None:
    """Importing the distribution's entry points imports none of the heavy libraries."""
    found, _ = registry().colorizer(name)
    code = (
        "import sys; from importlib.metadata import distribution\n"
        "for point in distribution(sys.argv[1]).entry_points:\n"
        "    if point.group == 'colortk': point.load()\n"
        f"print(*[m for m in {HEAVY!r} if m in sys.modules])"
    )
    command = [sys.executable, "-c", code, found.distribution]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr.strip().splitlines()[-1:]
    assert not run.stdout.split(), f"declaring it imports {run.stdout.strip()}"


def answers_with_chroma_of_the_shape_asked_for(loaded: Loaded) -> None:
    """Float (H, W, 2), finite, within what CIELAB colours of sRGB can be (and some)."""
    light = _at_working_size(loaded)
    raw = loaded.colorizer.predict_ab(light.copy())
    assert getattr(raw, "dtype", None) == np.float32, "the contract says float32"
    ab = loaded.predict(light)  # shape and finiteness are the host's own checks
    assert np.abs(ab).max() <= 200, f"chroma of {np.abs(ab).max():.0f}; a* and b* lie in -128..127"


def answers_for_black_white_and_flat_pictures(loaded: Loaded) -> None:
    """No division by a contrast of zero."""
    shape = _at_working_size(loaded).shape
    for value in (0, 50, 100):
        loaded.predict(np.full(shape, value, np.float32))


def answers_for_odd_shapes(loaded: Loaded) -> None:
    """Every shape that the declared working size can lead to."""
    for height, width in ((97, 131), (300, 100), (100, 300), (1, 1), (1, 5000)):
        loaded.predict(_at_working_size(loaded, height, width))


def gives_the_same_answer_twice(loaded: Loaded) -> None:
    """Deterministic: the same picture, the same chroma."""
    light = _at_working_size(loaded)
    difference = np.abs(loaded.predict(light) - loaded.predict(light)).max()
    assert difference < 1e-3, f"two runs differ by {difference:.4f}"


def leaves_its_input_alone(loaded: Loaded) -> None:
    """The lightness that it was given is unchanged afterwards."""
    light = _at_working_size(loaded)
    before = light.copy()
    loaded.colorizer.predict_ab(light)
    assert np.array_equal(light, before), "it changed the array that it was given"


def does_not_depend_on_the_picture_before(loaded: Loaded) -> None:
    """No state from one picture to the next."""
    light = _at_working_size(loaded)
    first = loaded.predict(light)
    loaded.predict(np.ascontiguousarray(100 - light))
    difference = np.abs(loaded.predict(light) - first).max()
    assert difference < 1e-3, f"another picture in between changed it by {difference:.4f}"


def batch_equals_single(loaded: Loaded) -> None:
    """If it offers ``predict_ab_batch``, that gives what ``predict_ab`` gives."""
    light = _at_working_size(loaded)
    both = np.stack([light, 100 - light])
    single = [loaded.predict(one) for one in both]
    batch = getattr(loaded.colorizer, "predict_ab_batch", None)
    if batch is None:
        raise NothingToCheckError("it offers no predict_ab_batch")
    answer = batch(both.copy())
    assert answer.shape == (*both.shape, 2), f"shape {answer.shape}"
    for one, many in zip(single, answer, strict=True):
        difference = np.abs(one - many).max()
        assert difference < 1e-2, f"a batch differs from single pictures by {difference:.4f}"


def keeps_lightness_through_the_host(loaded: Loaded) -> None:
    """The finished picture has the lightness that it came with."""
    light = scene(301, 203)
    rgb = colorize(light, loaded, refiner("ratio")).rgb
    error = np.abs(rgb_to_lab(rgb)[..., 0] - light)
    assert error.mean() < 0.3, f"mean |ΔL*| is {error.mean():.3f}"
    assert np.percentile(error, 99.9) < 1, f"99.9 % of |ΔL*| under {np.percentile(error, 99.9):.2f}"


def answers_in_another_process(loaded: Loaded) -> None:
    """What the batch and the harness send to workers, a name, is enough to work there."""
    from colortk.runtime.isolate import Isolated

    light = _at_working_size(loaded)
    with Isolated(Request(loaded.spec.name), timeout=120) as other:
        difference = np.abs(other.predict(light) - loaded.predict(light)).max()
    assert difference < 1e-2, f"another process answers differently by {difference:.4f}"
