"""Load plugins for the functions of ``import colortk``, and wrap functions as plugins."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from colortk.errors import Notice, PredictionError, UsageError
from colortk.plugin.options import option_texts, options_key, parse_options, with_absolute_paths
from colortk.plugin.reference import (
    OPTION,
    need_reference_option,
    plugin_with_reference,
    reference_option,
)
from colortk.plugin.registry import registry
from colortk.plugin.spec import ColorizerSpec, WorkingSize
from colortk.runtime.loading import Loaded, PluginRequest, check_prediction, load
from colortk.runtime.predictors import Predictor
from colortk.store.artifacts import artifacts_of
from colortk.types import Float32

#: A function from lightness, float32 (H, W), to chroma, float (H, W, 2).
ColorizeFunction: TypeAlias = Callable[[Float32], Any]
_DEVICES = ("auto", "cpu", "gpu")


def get_predictor(
    plugin: str | ColorizeFunction,
    options: Mapping[str, Any] | None,
    weights: str | os.PathLike[str] | None,
    reference: str | os.PathLike[str] | None = None,
) -> Predictor:
    """Load a plugin, or wrap a function as a plugin. A plugin stays loaded for the next call.

    Parameters
    ----------
    plugin : str or callable
        Name of a colorizer, or a function from lightness to chroma.
    options : mapping or None
        Options of the plugin by name.
    weights : path or None
        A folder that ``colortk fit`` wrote, or a file of weights.
    reference : path or None
        A picture whose colors are taken.

    Returns
    -------
    Predictor
        The plugin or the function.

    Raises
    ------
    UsageError
        The plugin or an option is unknown, or a function was combined with options or weights.
    PluginError
        The plugin is broken or lacks a module.
    ArtifactError
        Its weights are missing or not trusted.
    """
    if callable(plugin):
        if options or weights is not None or reference is not None:
            name = "options" if options else "weights" if weights is not None else "a reference"
            raise UsageError(
                f"{name} cannot be combined with a function",
                "they belong to plugins",
                "bind the values with functools.partial",
            )
        return FunctionPredictor(plugin)
    if reference is None:
        return get_plugin(plugin, options, weights)
    name = plugin_with_reference(plugin, reference)
    need_reference_option(registry().colorizer(name)[1])
    text = reference_option(reference, options or ())
    return get_plugin(name, {**(options or {}), OPTION: text.partition("=")[2]}, weights)


def get_plugin(
    plugin: str, options: Mapping[str, Any] | None, weights: str | os.PathLike[str] | None
) -> Loaded:
    """Load a plugin, which stays loaded. Parameters and errors are those of `get_predictor`."""
    if not isinstance(plugin, str):
        raise UsageError(
            f"'{type(plugin).__name__}' cannot be used as a plugin",
            "a plugin is a name or a function from L* to a*b*",
            "see colortk.list_plugins()",
        )
    if options is not None and not isinstance(options, Mapping):
        raise UsageError(
            f"options of type '{type(options).__name__}'",
            "options are a dict",
            "write options={'name': value}",
        )
    spec = registry().colorizer(plugin)[1]
    texts = with_absolute_paths(spec, option_texts(options))
    folder = None if weights is None else Path(weights).resolve()
    # A file that an option names is read when the plugin is loaded, so that the same options with
    # another content need another load. So do another device and another number of threads.
    artifacts = artifacts_of(spec, folder)
    if artifacts.foreign:
        warnings.warn(Notice(artifacts.foreign_note), stacklevel=2)
    content = artifacts.digest + options_key(parse_options(spec, texts))
    variables = ("COLORTK_DEVICE", "COLORTK_PROVIDERS", "COLORTK_THREADS")
    environment = tuple(map(os.environ.get, variables))
    return _loaded(PluginRequest(plugin, texts, folder), content, environment)


@lru_cache(maxsize=4)
def _loaded(request: PluginRequest, content: str, environment: tuple[str | None, ...]) -> Loaded:
    """Load a plugin, or return it as it was loaded for the same arguments."""
    return load(request)


class FunctionPredictor:
    """A function from lightness to chroma as a predictor. Errors of the function are not caught.

    Parameters
    ----------
    function : callable
        Gets lightness, float32 (H, W), CIE L* from 0 to 100, of the whole picture; returns chroma,
        float (H, W, 2), CIE a* and b*.
    """

    def __init__(self, function: ColorizeFunction) -> None:
        self._function = function
        self._name = getattr(function, "__name__", type(function).__name__)
        self.spec = ColorizerSpec(self._name, "", "", working_size=WorkingSize(short=None))

    def predict(self, lightness: Float32) -> Float32:
        """Return chroma, float32 (H, W, 2), of lightness (H, W). Raise ``PredictionError``."""
        ab = self._function(lightness.copy())
        try:
            return check_prediction(self._name, lightness, ab)
        except PredictionError as error:
            raise PredictionError(
                f"the function '{self._name}' returned an unusable result",
                error.reason,
                "it returns a float array of the shape (H, W, 2)",
            ) from None


@contextlib.contextmanager
def execution_settings(device: str | None, threads: int | None) -> Iterator[None]:
    """Use a device and a number of threads while the block runs.

    They are environment variables of the process, so that two threads of a program cannot use
    different ones at a time.

    Parameters
    ----------
    device : {"auto", "cpu", "gpu"} or None
        Device of networks; ``None`` uses ``COLORTK_DEVICE``.
    threads : int or None
        Threads of networks and of array operations; ``None`` uses ``COLORTK_THREADS``.

    Raises
    ------
    UsageError
        Unknown device, or a number of threads below 1.
    """
    variables: dict[str, str] = {}
    if device is not None:
        if device not in _DEVICES:
            raise UsageError(f"device {device!r}", f"known devices: {', '.join(_DEVICES)}")
        variables["COLORTK_DEVICE"] = device
    if threads is not None:
        if not isinstance(threads, int) or isinstance(threads, bool) or threads < 1:
            raise UsageError(f"threads={threads!r}", "it is a whole number from 1")
        variables["COLORTK_THREADS"] = str(threads)
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        with _limited(threads):
            yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _limited(threads: int | None) -> Iterator[None]:
    """Limit the threads of libraries that have read their environment already."""
    if threads is None:
        yield
        return
    from threadpoolctl import threadpool_limits

    from colortk._opencv import cv2

    usual = cv2.getNumThreads()
    cv2.setNumThreads(threads)
    try:
        with threadpool_limits(threads):
            yield
    finally:
        cv2.setNumThreads(usual)
