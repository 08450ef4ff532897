"""A plugin made ready, and its answers checked before anyone uses them."""

from __future__ import annotations

import contextlib
import sys
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from colortk.errors import ColortkError, PluginError, PredictionError
from colortk.plugin.discover import raise_if_strict
from colortk.plugin.options import options_key, parse_options
from colortk.plugin.process_state import restored
from colortk.plugin.registry import registry
from colortk.plugin.spec import Colorizer, ColorizerSpec, load_callable
from colortk.store.artifacts import artifacts_of
from colortk.types import Float32

#: No chroma of any colour comes near this; what exceeds it is not meant as CIELAB.
LARGEST = 1000.0
#: Packages in which a plugin's error is not to be looked for.
HOSTS = frozenset({"colortk", "numpy", *sys.stdlib_module_names})


@dataclass(frozen=True)
class Request:
    """Which plugin, with which options and weights: small, picklable, sent to other processes."""

    plugin: str
    options: tuple[str, ...] = ()
    weights: Path | None = None


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Run plugin code: prints go to stderr, warnings nowhere, and what it changes is restored."""
    with warnings.catch_warnings(), restored():
        warnings.simplefilter("ignore")
        yield


class Predictor(Protocol):
    """What colorizes one lightness: a plugin here, or in a process that can be stopped."""

    @property
    def spec(self) -> ColorizerSpec: ...

    def predict(self, lightness: Float32) -> Float32: ...


class FilmPredictor(Predictor, Protocol):
    """What colorizes the frames of a film: it may answer several at once, and has an identity."""

    @property
    def digest(self) -> str: ...

    @property
    def options_key(self) -> str: ...

    @property
    def takes_batches(self) -> bool: ...

    def predict_many(self, lightnesses: list[Float32]) -> list[Float32]: ...


@dataclass(frozen=True)
class Loaded:
    """A colorizer in this process. ``digest`` and ``options_key`` identify its results."""

    spec: ColorizerSpec
    colorizer: Colorizer = field(repr=False)
    digest: str = ""
    options_key: str = "{}"

    def predict(self, lightness: Float32) -> Float32:
        """Chroma, float32 (H, W, 2), of ``lightness`` (H, W).

        Raises ``PredictionError``; with ``COLORTK_STRICT=1``, a ``RuntimeError`` from the plugin's.
        """
        return checked(self.spec.name, lightness, self._ask("predict_ab", lightness.copy()))

    @property
    def takes_batches(self) -> bool:
        """Whether the plugin answers several pictures at once."""
        return callable(getattr(self.colorizer, "predict_ab_batch", None))

    def predict_many(self, lightnesses: list[Float32]) -> list[Float32]:
        """:meth:`predict` of several of one size, at once if the plugin can do that."""
        if len(lightnesses) < 2 or not self.takes_batches:
            return [self.predict(lightness) for lightness in lightnesses]
        batch = np.stack(lightnesses)
        answers = checked(self.spec.name, batch, self._ask("predict_ab_batch", batch))
        return list(answers)

    def _ask(self, method: str, lightness: Float32) -> Any:
        try:
            with quiet():
                return getattr(self.colorizer, method)(lightness)
        except (KeyboardInterrupt, MemoryError, ColortkError):
            raise
        except BaseException as error:
            raise_if_strict(error, f"plugin '{self.spec.name}' failed")
            raise PredictionError(
                f"plugin '{self.spec.name}' failed", reason(error, self.spec.factory)
            ) from error


def reason(error: BaseException, factory: str) -> str:
    """One line: the kind of a plugin's ``error``, what it says, and :func:`source_location`."""
    text = " ".join(str(error).split())
    kind = type(error).__name__
    return f"{f'{kind}: {text}' if text else kind} {source_location(error, factory)}".rstrip()


def source_location(error: BaseException, factory: str) -> str:
    """``(file.py:7)``, the innermost line of the plugin's own that ``error`` went through, or nothing.

    Its own: of the package that ``factory``, an import path, names; if it got to none of that, of
    whoever is neither Python, NumPy nor colortk.
    """
    if isinstance(error, SyntaxError) and error.filename:  # it says where; who imports it is not it
        return ""
    plugin = factory.partition(":")[0].partition(".")[0]
    foreign = []
    for frame, line in traceback.walk_tb(error.__traceback__):
        package = str(frame.f_globals.get("__name__")).partition(".")[0]
        file = frame.f_code.co_filename
        if package not in HOSTS and not file.startswith("<"):
            foreign.append((package, f"({Path(file).name}:{line})"))
    own = [where for package, where in foreign if package == plugin]
    return (own or [where for _, where in foreign] or [""])[-1]


def checked(name: str, lightness: Float32, answer: Any) -> Float32:
    """``answer`` as float32 (H, W, 2), or a ``PredictionError`` that says what is wrong with it."""
    failed = f"plugin '{name}' returned something unusable"
    report = "report it to the plugin's author; see: colortk plugins check " + name
    if not isinstance(answer, np.ndarray):
        raise PredictionError(failed, f"{type(answer).__name__}, not an array", report)
    expected_shape = (*lightness.shape, 2)
    if answer.shape != expected_shape:
        raise PredictionError(failed, f"shape {answer.shape}, not {expected_shape}", report)
    if answer.dtype.kind != "f":
        raise PredictionError(failed, f"{answer.dtype}, not float32", report)
    # Two passes without memory of their own; a NaN is neither over nor under a limit.
    if answer.size and answer.min() >= -LARGEST and answer.max() <= LARGEST:
        return np.ascontiguousarray(answer, np.float32)
    if not np.isfinite(answer).all():
        raise PredictionError(failed, "chroma that is not finite (NaN or infinity)", report)
    if answer.size and np.abs(answer).max() > LARGEST:
        raise PredictionError(
            failed, f"chroma beyond ±{LARGEST}; a* and b* lie in -128..127", report
        )
    return np.ascontiguousarray(answer, np.float32)


def load(request: Request) -> Loaded:
    """Make a plugin ready.

    Raises ``UsageError`` (unknown plugin or option), ``PluginError`` (broken, or its factory
    fails) or ``ArtifactError`` (weights missing or not trusted).
    """
    plugin, spec = registry().colorizer(request.plugin)
    try:
        options = parse_options(spec, request.options)
        artifacts = artifacts_of(spec, request.weights)
        with quiet():
            colorizer = load_callable(spec.factory)(artifacts, options)
        if not callable(getattr(colorizer, "predict_ab", None)):
            raise TypeError(f"its factory returned {type(colorizer).__name__} without predict_ab")
    except (KeyboardInterrupt, ColortkError):
        raise
    except BaseException as error:
        problem = f"plugin '{spec.name}' of {plugin.distribution} cannot be loaded"
        raise_if_strict(error, problem)
        raise PluginError(problem, reason(error, spec.factory)) from error
    return Loaded(spec, colorizer, artifacts.digest, options_key(options))
