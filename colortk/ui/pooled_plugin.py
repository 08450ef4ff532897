"""A plugin in a separate process, which the visitors of the page share."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import replace
from pathlib import Path

from colortk.errors import UsageError
from colortk.guidance.working_hints import WorkingHints
from colortk.harness.plugin_variants import PluginVariant
from colortk.plugin.reference import OPTION as REFERENCE
from colortk.runtime.isolate import Isolated
from colortk.types import Float32
from colortk.ui.turns import Busy, Turns

#: The message after the end of the page.
STOPPED = "the server of this page has stopped"


class PooledPlugin:
    """A plugin in a separate process, which visitors share in the order of their requests.

    If it ends its process or does not respond in time, only the current picture fails.

    Parameters
    ----------
    variant : PluginVariant
        Plugin, options, weights and strength, as its label states them.
    timeout : float
        Seconds that it may take for one picture.
    """

    takes_batches = False

    def __init__(self, variant: PluginVariant, timeout: float) -> None:
        self.strength = variant.strength
        self._turns = Turns()
        self._request, self._timeout = variant.request, timeout
        self._isolated = Isolated(variant.request, timeout)
        self._closed = False
        self._lock = threading.Lock()  # guards the end and the second process
        # A second process with the options that were asked for last.
        self._second: Isolated | None = None
        self._second_options: tuple[str, ...] = ()
        self.spec = self._isolated.spec
        self.digest, self.options_key = self._isolated.digest, self._isolated.options_key

    def predict(self, lightness: Float32, options: tuple[str, ...] = ()) -> Float32:
        """Return chroma, float32 (H, W, 2), of lightness (H, W). Raises ``PredictionError``.

        ``options`` are options of the plugin besides those of its label, as "name=value". Raises
        ``UsageError`` if the plugin cannot use one of them.
        """
        with self._turns.turn():
            return self._process(options).predict(lightness)

    def predict_many(self, lightnesses: list[Float32]) -> list[Float32]:
        """Return :meth:`predict` of several pictures, one after another."""
        return [self.predict(lightness) for lightness in lightnesses]

    def predict_samples(
        self, lightness: Float32, count: int, seed: int, options: tuple[str, ...] = ()
    ) -> Float32:
        """Return versions of a picture, float32 (count, H, W, 2).

        ``options`` are as for :meth:`predict`. Raises ``UsageError`` if the plugin makes
        only one version, and ``PredictionError``.
        """
        with self._turns.turn():
            return self._process(options).predict_samples(lightness, count, seed)

    @property
    def follows_hints(self) -> bool:
        """Whether the plugin takes hints itself."""
        return self._isolated.follows_hints

    def predict_guided(
        self,
        lightness: Float32,
        hints: WorkingHints,
        options: tuple[str, ...] = (),
        wait: bool = True,
    ) -> Float32:
        """Return chroma as :meth:`predict`, of a plugin that takes hints itself.

        Without ``wait``, :class:`.turns.Busy` is raised if the plugin works for someone, or has to
        be loaded first.
        """
        with self._turns.turn(wait):
            if not wait and not self._is_ready(options):
                raise Busy
            return self._process(options).predict_guided(lightness, hints)

    def _is_ready(self, options: tuple[str, ...]) -> bool:
        if not options:
            return self._isolated.alive
        second = self._second
        return second is not None and second.alive and options == self._second_options

    def _process(self, options: tuple[str, ...]) -> Isolated:
        if self._closed:  # the process would be started again
            raise UsageError(STOPPED)
        if not options:
            return self._isolated
        if self._second is not None and options == self._second_options:
            return self._second
        self._end_second()
        request = replace(self._request, options=(*self._request.options, *options))
        second = Isolated(request, self._timeout)
        with self._lock:
            if not self._closed:
                self._second, self._second_options = second, options
                return second
        second.close()  # the page has ended while the plugin was loaded
        raise UsageError(STOPPED)

    def forget_deleted_reference(self) -> None:
        """End the second process if its reference was deleted: it may keep the picture in memory.

        While the plugin works for someone, nothing is ended; the next call does it.
        """
        with contextlib.suppress(Busy), self._turns.turn(wait=False):
            for name, _, value in (option.partition("=") for option in self._second_options):
                if name == REFERENCE and not Path(value).exists():
                    self._end_second()

    def _end_second(self) -> None:
        with self._lock:
            second, self._second = self._second, None
        if second is not None:
            second.close()

    def close(self) -> None:
        """End its processes."""
        with self._lock:
            self._closed = True
            second = self._second
        self._isolated.close()
        if second is not None:
            second.close()


class PluginWithOptions:
    """A pooled plugin with options that a visitor chose.

    Parameters
    ----------
    plugin : PooledPlugin
        The plugin.
    options : tuple of str
        The options, as "name=value".
    """

    takes_batches = False

    def __init__(self, plugin: PooledPlugin, options: tuple[str, ...]) -> None:
        self._plugin, self._options = plugin, options
        self.strength, self.spec = plugin.strength, plugin.spec
        self.digest, self.options_key = plugin.digest, plugin.options_key

    def predict(self, lightness: Float32) -> Float32:
        """Return chroma as :meth:`PooledPlugin.predict`."""
        return self._plugin.predict(lightness, self._options)

    def predict_many(self, lightnesses: list[Float32]) -> list[Float32]:
        """Return :meth:`predict` of several pictures, one after another."""
        return [self.predict(lightness) for lightness in lightnesses]

    def predict_samples(self, lightness: Float32, count: int, seed: int) -> Float32:
        """Return versions as :meth:`PooledPlugin.predict_samples`."""
        return self._plugin.predict_samples(lightness, count, seed, self._options)

    @property
    def follows_hints(self) -> bool:
        """Whether the plugin takes hints itself."""
        return self._plugin.follows_hints

    def predict_guided(self, lightness: Float32, hints: WorkingHints, wait: bool = True) -> Float32:
        """Return chroma as :meth:`PooledPlugin.predict_guided`."""
        return self._plugin.predict_guided(lightness, hints, self._options, wait)
