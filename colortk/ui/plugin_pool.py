"""The plugins that the page offers. Each is started when it is first used, and then kept."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace

from colortk.errors import ColortkError, UsageError
from colortk.harness.plugin_variants import PluginVariant, parse_variant
from colortk.plugin.registry import missing_requirements, registry
from colortk.plugin.spec import ColorizerSpec
from colortk.plugin.weights_folder import missing_weights, need
from colortk.runtime.isolate import Isolated
from colortk.types import Float32

#: The order in which the page offers plugins; all others are in between.
FIRST, LAST = ("effnet_bins", "vgg16_residual", "sift_mlp", "autoencoder", "resnet18"), "gray"
#: Option of a plugin that makes its colors stronger, from 0 to 1.
VIVIDNESS = "vividness"
#: Seconds that a plugin may take for one picture.
DEFAULT_TIMEOUT = 120.0


class PooledPlugin:
    """A plugin in a separate process, which visitors share.

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
        self._turn = threading.Lock()
        self._request, self._timeout = variant.request, timeout
        self._isolated = Isolated(variant.request, timeout)
        self._closed = False
        # A second process with the vividness that was asked for last.
        self._vivid: Isolated | None = None
        self._vividness: float | None = None
        self.spec = self._isolated.spec
        self.digest, self.options_key = self._isolated.digest, self._isolated.options_key

    def predict(self, lightness: Float32, vividness: float | None = None) -> Float32:
        """Return chroma, float32 (H, W, 2), of lightness (H, W). Raises ``PredictionError``.

        ``vividness`` is the plugin's option of this name; ``None`` is the value of its label.
        """
        with self._turn:
            return self._process(vividness).predict(lightness)

    def predict_many(self, lightnesses: list[Float32]) -> list[Float32]:
        """Return :meth:`predict` of several pictures, one after another."""
        return [self.predict(lightness) for lightness in lightnesses]

    def predict_samples(
        self, lightness: Float32, count: int, seed: int, vividness: float | None = None
    ) -> Float32:
        """Return versions of a picture, float32 (count, H, W, 2).

        Raises ``UsageError`` if the plugin makes only one, and ``PredictionError``.
        """
        with self._turn:
            return self._process(vividness).predict_samples(lightness, count, seed)

    def _process(self, vividness: float | None) -> Isolated:
        if vividness is None:
            return self._isolated
        if self._closed:
            raise UsageError("the server of this page has stopped")
        if self._vivid is None or vividness != self._vividness:
            if self._vivid is not None:
                self._vivid.close()
            options = (*self._request.options, f"{VIVIDNESS}={vividness:g}")
            self._vivid = Isolated(replace(self._request, options=options), self._timeout)
            self._vividness = vividness
        return self._vivid

    def close(self) -> None:
        """End its processes."""
        self._closed = True
        self._isolated.close()
        if self._vivid is not None:
            self._vivid.close()


class VividPlugin:
    """A pooled plugin with a value of its option ``vividness``.

    Parameters
    ----------
    plugin : PooledPlugin
        The plugin.
    vividness : float
        The value.
    """

    takes_batches = False

    def __init__(self, plugin: PooledPlugin, vividness: float) -> None:
        self._plugin, self._vividness = plugin, vividness
        self.strength, self.spec = plugin.strength, plugin.spec
        self.digest, self.options_key = plugin.digest, plugin.options_key

    def predict(self, lightness: Float32) -> Float32:
        """Return chroma as :meth:`PooledPlugin.predict`."""
        return self._plugin.predict(lightness, self._vividness)

    def predict_many(self, lightnesses: list[Float32]) -> list[Float32]:
        """Return :meth:`predict` of several pictures, one after another."""
        return [self.predict(lightness) for lightness in lightnesses]

    def predict_samples(self, lightness: Float32, count: int, seed: int) -> Float32:
        """Return versions as :meth:`PooledPlugin.predict_samples`."""
        return self._plugin.predict_samples(lightness, count, seed, self._vividness)


class PluginPool:
    """Plugins by label, ``NAME[:option=value,…][@WEIGHTS]``.

    Parameters
    ----------
    variants : iterable of PluginVariant
        The plugins, in the order of the page.
    timeout : float
        Seconds that a plugin may take for one picture.
    needs_weights : mapping of str to str
        What other plugins need that would run if the user fetched their weights, by name.
    """

    def __init__(
        self,
        variants: Iterable[PluginVariant],
        timeout: float = DEFAULT_TIMEOUT,
        needs_weights: Mapping[str, str] | None = None,
    ) -> None:
        self.timeout, self.needs_weights = timeout, dict(needs_weights or {})
        self._variants = {variant.label: variant for variant in variants}
        self._loaded: dict[str, PooledPlugin] = {}
        self._closed = False
        self._turns = {label: threading.Lock() for label in self._variants}

    @property
    def labels(self) -> list[str]:
        """The labels, in the order of the page."""
        return list(self._variants)

    def summary(self, label: str) -> str:
        """Return the one-line summary of a plugin."""
        return self._variant(label).summary

    def makes_versions(self, label: str) -> bool:
        """Return whether a plugin can make several versions of a picture."""
        return self._spec(label).samples

    def vividness(self, label: str) -> float | None:
        """Return the default of a plugin's option ``vividness``, from 0 to 1.

        ``None``: it has no such option, or the label states options, which then count.
        """
        variant, options = self._variant(label), self._spec(label).options
        if variant.request.options or options is None:
            return None
        defaults = {option.name: option.default for option in fields(options)}
        value = defaults.get(VIVIDNESS)
        return float(value) if isinstance(value, int | float) else None

    def choose(self, label: str, vividness: float) -> tuple[PooledPlugin | VividPlugin, str]:
        """Return a plugin with a vividness, and the label that states it.

        Without the option, or with its default, it is the plugin itself. Raises as :meth:`get`.
        """
        plugin, default = self.get(label), self.vividness(label)
        vividness = round(min(1.0, max(0.0, vividness)), 2)
        if default is None or vividness == default:
            return plugin, label
        name, at, weights = label.partition("@")
        return VividPlugin(plugin, vividness), f"{name}:{VIVIDNESS}={vividness:g}{at}{weights}"

    def get(self, label: str) -> PooledPlugin:
        """Return a plugin, and start it if it does not run yet.

        Parameters
        ----------
        label : str
            Its label.

        Raises
        ------
        UsageError
            If there is no such plugin, or the page has ended.
        PluginError, ArtifactError
            If it cannot be loaded.
        """
        variant = self._variant(label)
        with self._turns[label]:
            if self._closed:
                raise UsageError("the server of this page has stopped")
            if label not in self._loaded:
                self._loaded[label] = PooledPlugin(variant, self.timeout)
            return self._loaded[label]

    def close(self) -> None:
        """End the processes of the plugins. After this call no plugin is started."""
        self._closed = True
        for plugin in self._loaded.values():
            plugin.close()

    def _spec(self, label: str) -> ColorizerSpec:
        return registry().colorizer(self._variant(label).request.plugin)[1]

    def _variant(self, label: str) -> PluginVariant:
        variant = self._variants.get(label)
        if variant is None:
            raise UsageError(f"this page has no plugin '{label}'", hint="reload the page")
        return variant


def create_plugin_pool(
    texts: Iterable[str], timeout: float = DEFAULT_TIMEOUT
) -> tuple[PluginPool, list[str]]:
    """Create the pool of the named plugins, or of all that can run.

    Parameters
    ----------
    texts : iterable of str
        Labels of plugins; empty for all that can run.
    timeout : float
        Seconds that a plugin may take for one picture.

    Returns
    -------
    pool : PluginPool
        The plugins.
    notes : list of str
        Why other plugins cannot run.

    Raises
    ------
    UsageError
        If a named plugin is unknown, or no plugin can run.
    PluginError, ArtifactError
        If a named plugin cannot run.
    """
    variant_texts = list(dict.fromkeys(texts))
    if variant_texts:
        return PluginPool([parse_variant(text) for text in variant_texts], timeout), []
    variants, notes = [], []
    for name in _usable():
        try:
            variants.append(parse_variant(name))
        except ColortkError as error:
            notes.append(str(error))
    if not variants:
        raise UsageError("no plugin can run", hint="see: colortk plugins list")
    needs = {
        name: need(files)
        for name, declaration in sorted(registry().of(ColorizerSpec).items())
        if isinstance(declaration.spec, ColorizerSpec)
        and (files := missing_weights(declaration.spec))
    }
    return PluginPool(variants, timeout, needs), notes


def _usable() -> list[str]:
    """Return the colorizers that have weights and modules, in the order of the page."""
    specs = [
        declaration.spec
        for declaration in registry().of(ColorizerSpec).values()
        if isinstance(declaration.spec, ColorizerSpec)
        and not missing_requirements(declaration.spec)
        and not missing_weights(declaration.spec)
    ]
    ready = [spec for spec in specs if spec.artifacts or not spec.trainer]
    names = {spec.name for spec in ready}
    first = [name for name in FIRST if name in names]
    return [*first, *sorted(names.difference(first), key=lambda name: (name == LAST, name))]
