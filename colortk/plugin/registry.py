"""The plugins that this process has discovered."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Collection
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property, lru_cache

from colortk.errors import ArtifactError, PluginError, UsageError
from colortk.plugin import origins
from colortk.plugin.discover import BrokenPlugin, DeclaredPlugin, discover_all, discover_origins
from colortk.plugin.metric_files import missing_files
from colortk.plugin.origins import Origin
from colortk.plugin.spec import AnySpec, ColorizerSpec, MetricSpec, RefinerSpec

#: Most broken distributions that the error of an unknown plugin names.
MAX_SUSPECTS = 3


@dataclass
class Registry:
    """The plugins that are installed.

    Attributes
    ----------
    plugins : list of DeclaredPlugin
        Usable declarations.
    broken : list of Broken
        Plugins that cannot be used.
    partial : bool
        Only some entry points were imported. Other names lead to a full discovery.
    """

    plugins: list[DeclaredPlugin] = field(default_factory=list)
    broken: list[BrokenPlugin] = field(default_factory=list)
    partial: bool = False

    def of(self, kind: type[AnySpec]) -> dict[str, DeclaredPlugin]:
        """Return the declarations of one kind by name."""
        return {f.spec.name: f for f in self.plugins if isinstance(f.spec, kind)}

    def colorizer(self, name: str) -> tuple[DeclaredPlugin, ColorizerSpec]:
        """Return the colorizer ``name`` and its declaration.

        Raises
        ------
        UsageError
            If the name is not known.
        PluginError
            If the plugin is broken, or lacks a module.
        """
        plugin = self._get(name, ColorizerSpec, "colorizer", "colortk plugins list")
        assert isinstance(plugin.spec, ColorizerSpec)
        for need in plugin.spec.requires:
            if not _importable(need.module):
                raise PluginError(
                    f"plugin '{name}' cannot run",
                    f"it needs the module '{need.module}', which is not installed",
                    need.install,
                )
        return plugin, plugin.spec

    def find(self, name: str) -> DeclaredPlugin:
        """Return the colorizer, metric or refiner ``name``.

        Raises as :meth:`colorizer` does, and ``ArtifactError`` for a metric without its file.
        """
        for kind in (ColorizerSpec, MetricSpec, RefinerSpec):
            plugin = self.of(kind).get(name)
            if plugin is not None and kind is ColorizerSpec:
                return self.colorizer(name)[0]  # looks for missing modules
            if plugin is not None and kind is MetricSpec:
                self.metric(name)  # looks for a missing file
            if plugin is not None:
                return plugin
        return self._full.find(name) if self.partial else self.colorizer(name)[0]

    def refiner(self, name: str) -> RefinerSpec:
        """Return the refiner ``name``. Raises as :meth:`colorizer` does."""
        plugin = self._get(name, RefinerSpec, "refinement", "colortk plugins list --kind refiner")
        assert isinstance(plugin.spec, RefinerSpec)
        return plugin.spec

    def refiner_origin(self, name: str) -> Origin | None:
        """Return where the refiner ``name`` is declared. Raises as :meth:`colorizer` does."""
        return self._get(name, RefinerSpec, "refinement", "colortk plugins list").origin

    def metric(self, name: str) -> MetricSpec:
        """Return the metric ``name``.

        Raises as :meth:`colorizer` does, and ``ArtifactError`` if a file that the metric needs is
        missing.
        """
        plugin = self._get(name, MetricSpec, "metric", "colortk plugins list --kind metric")
        assert isinstance(plugin.spec, MetricSpec)
        if reason := missing_files(plugin.spec):
            raise ArtifactError(f"metric '{name}' cannot be computed", f"it {reason}")
        return plugin.spec

    def metrics(self, films: bool = False) -> dict[str, MetricSpec]:
        """Return the metrics of pictures, or of films, whose files are available, by name."""
        return self._available({"film"} if films else {"pictures", "pair"})

    def set_metrics(self) -> dict[str, MetricSpec]:
        """Return the metrics of sets of pictures whose files are available, by name."""
        return self._available({"set"})

    def _available(self, takes: Collection[str]) -> dict[str, MetricSpec]:
        return {
            spec.name: spec
            for spec in (plugin.spec for plugin in self.plugins)
            if isinstance(spec, MetricSpec) and spec.takes in takes and not missing_files(spec)
        }

    @cached_property
    def _full(self) -> Registry:
        discovery = discover_all()
        return Registry(discovery.plugins, discovery.broken)

    def _get(self, name: str, kind: type[AnySpec], word: str, listing: str) -> DeclaredPlugin:
        plugins = self.of(kind)
        if name in plugins:
            return plugins[name]
        if self.partial:
            return self._full._get(name, kind, word, listing)
        for row in self.broken:
            if row.name == name:
                raise PluginError(
                    f"plugin '{name}' of {row.distribution} is broken",
                    f"{row.stage}: {row.reason}",
                    f"repair or uninstall {row.distribution}",
                )
        close = get_close_matches(name, plugins, 1)
        hint = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(sorted(plugins))}"
        hint += "".join(
            f"; {row.name} of {row.distribution} is broken ({row.stage}: {row.reason})"
            for row in self._silenced()[:MAX_SUSPECTS]
        )
        raise UsageError(f"no {word} '{name}'", hint, f"see: {listing}")

    def _silenced(self) -> list[BrokenPlugin]:
        """Return one row per distribution whose plugins are unknown because it is broken."""
        rows = {row.distribution: row for row in reversed(self.broken) if row.stage != "name"}
        return list(reversed(rows.values()))


@lru_cache(maxsize=1)
def registry() -> Registry:
    """Discover the installed plugins; once per process.

    With ``COLORTK_STRICT=1`` in the environment, the first failure is raised. After a call of
    :func:`~colortk.plugin.origins.discover_only`, only the entry points that it names are imported.
    """
    partial = bool(origins.only) or origins.built_in is not None
    discovery = discover_origins(origins.only) if origins.only else discover_all(origins.built_in)
    return Registry(discovery.plugins, discovery.broken, partial)


def _importable(module: str) -> bool:
    try:
        return module in sys.modules or importlib.util.find_spec(module) is not None
    except Exception:  # finding a submodule imports its parents, which may do anything
        return False


def missing_requirements(spec: ColorizerSpec) -> list[str]:
    """Return the modules that ``spec`` needs and that are not installed."""
    return [need.module for need in spec.requires if not _importable(need.module)]
