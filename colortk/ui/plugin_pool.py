"""The plugins that the page offers: each started once, when it is first used, and kept."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from colortk.errors import ColortkError, UsageError
from colortk.harness.plugin_variants import PluginVariant, parse_variant
from colortk.plugin.registry import missing_requirements, registry
from colortk.plugin.spec import ColorizerSpec
from colortk.runtime.isolate import Isolated
from colortk.types import Float32

#: What the page begins with, of what is there, and what it ends with.
FIRST, LAST = ("effnet_bins", "vgg16_residual", "sift_mlp", "autoencoder", "resnet18"), "gray"
#: Seconds that a plugin may take for one picture.
PATIENCE = 120.0


class PooledPlugin:
    """A plugin in a process of its own, which visitors share. ``strength``: a factor in its label.

    One that ends its process, or gives no answer in time, fails on that picture, and nobody else's.
    """

    takes_batches = False

    def __init__(self, found: PluginVariant, timeout: float) -> None:
        self.strength = found.strength
        self._turn = threading.Lock()
        self._isolated = Isolated(found.request, timeout)
        self.spec = self._isolated.spec
        self.digest, self.options_key = self._isolated.digest, self._isolated.options_key

    def predict(self, lightness: Float32) -> Float32:
        """Chroma, float32 (H, W, 2), of lightness (H, W). Raises ``PredictionError``."""
        with self._turn:
            return self._isolated.predict(lightness)

    def predict_many(self, lightnesses: list[Float32]) -> list[Float32]:
        """:meth:`predict` of several, one after another."""
        return [self.predict(lightness) for lightness in lightnesses]

    def close(self) -> None:
        """End its process."""
        self._isolated.close()


class PluginPool:
    """Plugins by label, ``NAME[:option=value,…][@WEIGHTS]``."""

    def __init__(self, entries: Iterable[PluginVariant], timeout: float = PATIENCE) -> None:
        self.timeout = timeout
        self._entries = {one.label: one for one in entries}
        self._loaded: dict[str, PooledPlugin] = {}
        self._closed = False
        self._turns = {label: threading.Lock() for label in self._entries}

    @property
    def labels(self) -> list[str]:
        """All of them, in order."""
        return list(self._entries)

    def summary(self, label: str) -> str:
        """What a plugin says about itself, one line."""
        return self._entry(label).summary

    def get(self, label: str) -> PooledPlugin:
        """A plugin, ready.

        Raises ``UsageError`` (not on the pool), ``PluginError`` or ``ArtifactError``.
        """
        found = self._entry(label)
        with self._turns[label]:
            if self._closed:
                raise UsageError("this page has ended")
            if label not in self._loaded:
                self._loaded[label] = PooledPlugin(found, self.timeout)
            return self._loaded[label]

    def close(self) -> None:
        """End the plugins' processes; none is started any more."""
        self._closed = True
        for kept in self._loaded.values():
            kept.close()

    def _entry(self, label: str) -> PluginVariant:
        found = self._entries.get(label)
        if found is None:
            raise UsageError(f"there is no plugin '{label}' here", hint="load the page again")
        return found


def create_plugin_pool(
    texts: Iterable[str], timeout: float = PATIENCE
) -> tuple[PluginPool, list[str]]:
    """The pool of the plugins that are named, else of all that can run, and why others cannot.

    ``timeout``: seconds that a plugin may take for one picture.

    Raises ``UsageError``, ``PluginError`` or ``ArtifactError`` for a named one, and ``UsageError`` if
    there is none.
    """
    named = list(dict.fromkeys(texts))
    if named:
        return PluginPool([parse_variant(text) for text in named], timeout), []
    found, notes = [], []
    for name in _usable():
        try:
            found.append(parse_variant(name))
        except ColortkError as error:
            notes.append(str(error))
    if not found:
        raise UsageError("there is no plugin that can run", hint="see: colortk plugins list")
    return PluginPool(found, timeout), notes


def _usable() -> list[str]:
    """Colorizers that are trained and have their modules; the usual one first, grey last."""
    specs = [
        found.spec
        for found in registry().of(ColorizerSpec).values()
        if isinstance(found.spec, ColorizerSpec) and not missing_requirements(found.spec)
    ]
    ready = [spec for spec in specs if spec.artifacts or not spec.trainer]
    names = {spec.name for spec in ready}
    first = [name for name in FIRST if name in names]
    return [*first, *sorted(names.difference(first), key=lambda name: (name == LAST, name))]
