"""Load a plugin, and check its predictions before they are used."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from colortk.errors import ColortkError, PluginError, PredictionError, UsageError
from colortk.guidance.working_hints import WorkingHints
from colortk.plugin.discover import raise_if_strict
from colortk.plugin.options import options_key, parse_options
from colortk.plugin.process_state import restored
from colortk.plugin.registry import registry
from colortk.plugin.rgb_output import ChromaOfRgb
from colortk.plugin.spec import DEFAULT, Colorizer, ColorizerSpec, load_callable
from colortk.runtime import device_notes, gpu_use
from colortk.runtime.film_frames import FilmFrames, need_film
from colortk.runtime.plugin_errors import reason
from colortk.store.artifacts import artifacts_of
from colortk.types import Float32

#: Larger chroma than any color has. Values beyond it cannot be CIELAB.
MAX_CHROMA = 1000.0


@dataclass(frozen=True)
class PluginRequest:
    """A plugin to load: plain data that can be sent to other processes.

    Attributes
    ----------
    plugin : str
        Name of the plugin.
    options : tuple of str
        Options, each as "name=value".
    weights : Path or None
        File or folder of weights that replace the weights of the plugin.
    """

    plugin: str
    options: tuple[str, ...] = ()
    weights: Path | None = None


@contextlib.contextmanager
def plugin_context() -> Iterator[None]:
    """Run plugin code: send its output to stderr, hide warnings, restore settings it changes."""
    with warnings.catch_warnings(), restored():
        warnings.simplefilter("ignore")
        yield


@dataclass(frozen=True)
class Loaded:
    """A plugin that is loaded in this process.

    Attributes
    ----------
    spec : ColorizerSpec
        Its declaration.
    colorizer : Colorizer
        The object that its factory returned.
    digest, options_key : str
        Identity of its weights and of its options.
    """

    spec: ColorizerSpec
    colorizer: Colorizer = field(repr=False)
    digest: str = ""
    options_key: str = "{}"

    def predict(self, lightness: Float32) -> Float32:
        """Predict the chroma of a picture.

        Parameters
        ----------
        lightness : float32 array of shape (H, W)
            CIE L*, 0 to 100.

        Returns
        -------
        float32 array of shape (H, W, 2)
            CIE a* and b*.

        Raises
        ------
        PredictionError
            If the plugin fails. With ``COLORTK_STRICT=1``, ``RuntimeError`` from the plugin's
            error.
        """
        return check_prediction(
            self.spec.name, lightness, self._ask("predict_ab", lightness.copy())
        )

    @property
    def takes_batches(self) -> bool:
        """Whether the plugin can predict several pictures at once."""
        return callable(getattr(self.colorizer, "predict_ab_batch", None))

    @property
    def follows_hints(self) -> bool:
        """Whether the plugin takes hints itself with the weights that it has loaded."""
        return self.spec.guided and bool(getattr(self.colorizer, "follows_hints", True))

    def predict_many(self, lightnesses: list[Float32]) -> list[Float32]:
        """Predict several pictures of one size, at once if the plugin can do that."""
        if len(lightnesses) < 2 or not self.takes_batches:
            return [self.predict(lightness) for lightness in lightnesses]
        batch = np.stack(lightnesses)
        chroma = check_prediction(self.spec.name, batch, self._ask("predict_ab_batch", batch))
        return list(chroma)

    def predict_samples(self, lightness: Float32, count: int, seed: int) -> Float32:
        """Predict several versions of a picture.

        Parameters
        ----------
        lightness : float32 array of shape (H, W)
            CIE L*, 0 to 100.
        count, seed : int
            Number of versions, and the seed of their choice.

        Returns
        -------
        float32 array of shape (count, H, W, 2)
            CIE a* and b*.

        Raises
        ------
        UsageError
            If the plugin predicts only one version.
        PredictionError
            If the plugin fails.
        """
        need_samples(self.spec)
        versions = self._ask("predict_ab_samples", lightness.copy(), count, seed)
        return check_prediction(self.spec.name, lightness, versions, count)

    def predict_guided(self, lightness: Float32, hints: WorkingHints) -> Float32:
        """Predict a picture with hints, by a plugin that declares ``guided``.

        Parameters
        ----------
        lightness : float32 array of shape (H, W)
            CIE L*, 0 to 100.
        hints : WorkingHints
            The hints at the same size.

        Returns
        -------
        float32 array of shape (H, W, 2)
            CIE a* and b*.

        Raises
        ------
        PredictionError
            If the plugin fails.
        """
        copy = WorkingHints(hints.ab.copy(), hints.mask.copy())
        ab = self._ask("predict_ab_guided", lightness.copy(), copy)
        return check_prediction(self.spec.name, lightness, ab)

    def predict_film(self, lightnesses: Iterator[Float32]) -> Generator[Float32, None, None]:
        """Predict the frames of one film, by a plugin that declares ``film``.

        Parameters
        ----------
        lightnesses : iterator of float32 arrays of shape (H, W)
            CIE L*, 0 to 100, of every frame in order.

        Yields
        ------
        float32 array of shape (H, W, 2)
            CIE a* and b* of every frame in order.

        Raises
        ------
        UsageError, PredictionError
            See :mod:`colortk.runtime.film_frames`.
        """
        need_film(self.spec)
        frames, end = FilmFrames(self.spec.name, lightnesses), object()
        with self._plugin_code():
            predictions = iter(self.colorizer.predict_ab_film(iter(frames)))  # type: ignore[attr-defined]
        while True:
            with self._plugin_code():
                ab = next(predictions, end)
            if ab is end:
                break
            yield check_prediction(self.spec.name, frames.next_waiting(), ab)
        frames.check_end()

    def _ask(self, method: str, *arguments: Any) -> Any:
        with self._plugin_code():
            return getattr(self.colorizer, method)(*arguments)

    @contextlib.contextmanager
    def _plugin_code(self) -> Iterator[None]:
        """Run code of the plugin, and convert its errors."""
        try:
            with plugin_context():
                yield
        except (KeyboardInterrupt, MemoryError, ColortkError):
            raise
        except BaseException as error:
            raise_if_strict(error, f"plugin '{self.spec.name}' failed")
            raise PredictionError(
                f"plugin '{self.spec.name}' failed", reason(error, self.spec.factory)
            ) from error


def need_samples(spec: ColorizerSpec) -> None:
    """Raise ``UsageError`` if a plugin cannot give several versions of a picture."""
    if not spec.samples:
        raise UsageError(
            f"plugin '{spec.name}' cannot make variants",
            "it predicts one version of each picture",
            f"use a plugin that declares samples, such as {DEFAULT}",
        )


def check_prediction(
    name: str, lightness: Float32, prediction: Any, count: int | None = None
) -> Float32:
    """Return the chroma that a plugin predicted, if it is valid.

    Parameters
    ----------
    name : str
        Name of the plugin.
    lightness : float32 array of shape (H, W) or (N, H, W)
        CIE L*.
    prediction : object
        The value that the plugin returned.
    count : int or None
        Number of versions of one picture; ``None`` is one version, without an axis of its own.

    Returns
    -------
    float32 array of shape (H, W, 2) or (N, H, W, 2)
        CIE a* and b*; a copy, because a plugin may write every prediction into one array.

    Raises
    ------
    PredictionError
        If ``prediction`` is not an array of this shape with finite values.
    """
    failed = f"plugin '{name}' returned an unusable result"
    report = "report it to the plugin's author; see: colortk plugins check " + name
    if not isinstance(prediction, np.ndarray):
        raise PredictionError(failed, f"{type(prediction).__name__}, not an array", report)
    expected_shape = (*lightness.shape, 2) if count is None else (count, *lightness.shape, 2)
    if prediction.shape != expected_shape:
        raise PredictionError(failed, f"shape {prediction.shape}, not {expected_shape}", report)
    if prediction.dtype.kind != "f":
        raise PredictionError(failed, f"{prediction.dtype}, not float32", report)
    # Two passes that allocate nothing. Comparisons with NaN are false.
    if prediction.size and prediction.min() >= -MAX_CHROMA and prediction.max() <= MAX_CHROMA:
        return np.array(prediction, np.float32, order="C")
    if not np.isfinite(prediction).all():
        raise PredictionError(failed, "chroma that is not finite (NaN or infinity)", report)
    if prediction.size and np.abs(prediction).max() > MAX_CHROMA:
        raise PredictionError(
            failed, f"chroma beyond ±{MAX_CHROMA}; a* and b* lie in -128..127", report
        )
    return np.array(prediction, np.float32, order="C")


def load(request: PluginRequest) -> Loaded:
    """Load a plugin.

    Raises
    ------
    UsageError
        If the plugin or an option is not known.
    PluginError
        If the plugin is broken, or its factory fails.
    ArtifactError
        If weights are missing or not trusted.
    """
    plugin, spec = registry().colorizer(request.plugin)
    try:
        options = parse_options(spec, request.options)
        artifacts = artifacts_of(spec, request.weights)
        artifacts.require()  # before the factory imports large libraries
        networks = gpu_use.networks_on_gpu()
        with plugin_context():
            colorizer = load_callable(spec.factory)(artifacts, options)
            gpu_use.note_processor(spec.name, colorizer, networks)
        method = f"predict_{spec.output}"
        if not callable(getattr(colorizer, method, None)):
            raise TypeError(f"its factory returned {type(colorizer).__name__} without {method}")
        if spec.output == "rgb":
            colorizer = ChromaOfRgb(spec.name, colorizer)
        for capability in ("samples", "guided", "film"):
            method, kind = f"predict_ab_{capability}", type(colorizer).__name__
            if getattr(spec, capability) and not callable(getattr(colorizer, method, None)):
                raise TypeError(f"it declares {capability}, and {kind} has no {method}")
    except (KeyboardInterrupt, ColortkError):
        raise
    except BaseException as error:
        problem = f"plugin '{spec.name}' of {plugin.distribution} cannot be loaded"
        raise_if_strict(error, problem)
        raise PluginError(problem, reason(error, spec.factory)) from error
    device_notes.emit()
    return Loaded(spec, colorizer, artifacts.digest, options_key(options))
