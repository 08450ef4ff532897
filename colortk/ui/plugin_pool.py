"""The plugins that the page offers. Each is started when it is first used, and then kept."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import NamedTuple

from colortk.errors import ColortkError, UsageError
from colortk.harness.plugin_variants import PluginVariant, parse_variant
from colortk.plugin.reference import OPTION as REFERENCE
from colortk.plugin.reference import takes_reference
from colortk.plugin.registry import missing_requirements, registry
from colortk.plugin.spec import ColorizerSpec
from colortk.plugin.weights_folder import missing_weights, need
from colortk.ui.pooled_plugin import STOPPED, PluginWithOptions, PooledPlugin

#: The order in which the page offers plugins; all others are in between.
FIRST, LAST = ("effnet_bins", "vgg16_residual", "sift_mlp", "autoencoder", "resnet18"), "gray"
#: Option of a plugin that makes its colors stronger, from 0 to 1.
VIVIDNESS = "vividness"
#: Seconds that a plugin may take for one picture.
DEFAULT_TIMEOUT = 120.0


class ChosenPlugin(NamedTuple):
    """A plugin with the options of a visitor.

    Attributes
    ----------
    plugin : PooledPlugin or PluginWithOptions
        The plugin.
    label : str
        Its label with the options. A reference is stated by the name of its file.
    key : str
        Identifies plugin and options. Two references of one name have different keys.
    """

    plugin: PooledPlugin | PluginWithOptions
    label: str
    key: str


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
        #: One thread loads a plugin; others load other plugins meanwhile.
        self._turns = {label: threading.Lock() for label in self._variants}
        #: Guards ``_loaded`` and ``_closed``.
        self._lock = threading.Lock()

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

    def takes_reference(self, label: str) -> bool:
        """Return whether a plugin has the option ``reference``, and the label does not state it."""
        stated = self._variant(label).request.options
        if any(text.startswith(f"{REFERENCE}=") for text in stated):
            return False
        return takes_reference(self._spec(label))

    def choose(self, label: str, vividness: float, reference: str | None = None) -> ChosenPlugin:
        """Return a plugin with the options of a visitor.

        An option that the plugin does not have, or that has its default, is left out.

        Parameters
        ----------
        label : str
            Label of the plugin.
        vividness : float
            From 0 to 1.
        reference : str or None
            Path of a picture whose colors are taken.

        Raises
        ------
        UsageError, PluginError, ArtifactError
            As for :meth:`get`.
        """
        plugin, default = self.get(label), self.vividness(label)
        vividness = round(min(1.0, max(0.0, vividness)), 2)
        options: list[str] = []
        shown: list[str] = []
        if default is not None and vividness != default:
            options.append(f"{VIVIDNESS}={vividness:g}")
            shown.append(options[-1])
        if reference and self.takes_reference(label):
            options.append(f"{REFERENCE}={reference}")
            shown.append(f"{REFERENCE}={Path(reference).name}")
        if not options:
            return ChosenPlugin(plugin, label, label)
        name, at, weights = label.partition("@")
        separator = "," if self._variant(label).request.options else ":"
        label = f"{name}{separator}{','.join(shown)}{at}{weights}"
        return ChosenPlugin(
            PluginWithOptions(plugin, tuple(options)), label, "\0".join((label, *options))
        )

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
                raise UsageError(STOPPED)
            if label in self._loaded:
                return self._loaded[label]
            plugin = PooledPlugin(variant, self.timeout)
            with self._lock:
                if not self._closed:
                    self._loaded[label] = plugin
                    return plugin
            plugin.close()  # the page has ended while the plugin was loaded
            raise UsageError(STOPPED)

    def forget_deleted_references(self) -> None:
        """End the processes that may keep a deleted reference of a visitor in memory."""
        for plugin in list(self._loaded.values()):
            plugin.forget_deleted_reference()

    def close(self) -> None:
        """End the processes of the plugins. After this call no plugin is started."""
        with self._lock:
            self._closed = True
            plugins = list(self._loaded.values())
        for plugin in plugins:
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
