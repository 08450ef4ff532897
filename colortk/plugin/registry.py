"""Discover plugins, one entry point at a time. A plugin that fails becomes a row, not a crash.

Each entry point gets a pluggy manager of its own, which validates and calls its hooks. An error of
one plugin (in an import or a hook, ``SystemExit``, a misspelled hook) does not affect other plugins.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property, lru_cache
from importlib.metadata import EntryPoint, distributions
from pathlib import Path
from typing import Any

import pluggy

from colortk.errors import ArtifactError, PluginError, UsageError
from colortk.plugin import hookspecs, origins
from colortk.plugin.option_types import unusable
from colortk.plugin.origins import Origin
from colortk.plugin.process_state import restored
from colortk.plugin.spec import AnySpec, ColorizerSpec, MetricSpec, RefinerSpec, check_spec

GROUP = "colortk"
DISTRIBUTION = "colorization-toolkit"
#: Most broken distributions that the error of an unknown plugin names.
MAX_SUSPECTS = 3
_HOOKS: dict[str, type[AnySpec]] = {
    "colortk_colorizers": ColorizerSpec,
    "colortk_metrics": MetricSpec,
    "colortk_refiners": RefinerSpec,
}


@dataclass(frozen=True)
class DeclaredPlugin:
    """A usable declaration.

    Attributes
    ----------
    spec : ColorizerSpec, MetricSpec or RefinerSpec
        The declaration.
    distribution, version : str
        The installed distribution that declares it.
    origin : Origin or None
        The entry point that declares it.
    """

    spec: AnySpec
    distribution: str
    version: str
    origin: Origin | None = None


@dataclass(frozen=True)
class Broken:
    """A plugin, or a declaration, that cannot be used.

    Attributes
    ----------
    name : str
        Name of the plugin, or of the entry point.
    distribution, version : str
        The installed distribution.
    stage : str
        The step that failed: "metadata", "import", "register", "hook", "declaration" or "name".
    reason : str
        Why it failed.
    """

    name: str
    distribution: str
    version: str
    stage: str
    reason: str


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
    broken: list[Broken] = field(default_factory=list)
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

        Raises as :meth:`colorizer` does, and ``ArtifactError`` if the file that the metric needs is not
        named.
        """
        plugin = self._get(name, MetricSpec, "metric", "colortk plugins list --kind metric")
        assert isinstance(plugin.spec, MetricSpec)
        variable = plugin.spec.weights_variable
        if variable and not os.environ.get(variable):
            raise ArtifactError(
                f"metric '{name}' cannot be computed",
                "it needs a file that is not shipped",
                f"set {variable} to the path of that file",
            )
        return plugin.spec

    def metrics(self, films: bool = False) -> dict[str, MetricSpec]:
        """Return the metrics of pictures, or of films, whose files are available, by name."""
        specs = (plugin.spec for plugin in self.plugins)
        return {
            spec.name: spec
            for spec in specs
            if isinstance(spec, MetricSpec)
            and (spec.takes == "film") == films
            and (not spec.weights_variable or os.environ.get(spec.weights_variable))
        }

    @cached_property
    def _full(self) -> Registry:
        return _discovered()

    def _get(self, name: str, kind: type[AnySpec], word: str, listing: str) -> DeclaredPlugin:
        known = self.of(kind)
        if name in known:
            return known[name]
        if self.partial:
            return self._full._get(name, kind, word, listing)
        for row in self.broken:
            if row.name == name:
                raise PluginError(
                    f"plugin '{name}' of {row.distribution} is broken",
                    f"{row.stage}: {row.reason}",
                    f"repair or uninstall {row.distribution}",
                )
        close = get_close_matches(name, known, 1)
        hint = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(sorted(known))}"
        hint += "".join(
            f"; {row.name} of {row.distribution} is broken ({row.stage}: {row.reason})"
            for row in self._silenced()[:MAX_SUSPECTS]
        )
        raise UsageError(f"no {word} '{name}'", hint, f"see: {listing}")

    def _silenced(self) -> list[Broken]:
        """Return one row for each distribution that may declare more than is known."""
        rows = {row.distribution: row for row in reversed(self.broken) if row.stage != "name"}
        return list(reversed(rows.values()))


@lru_cache(maxsize=1)
def registry() -> Registry:
    """Discover the installed plugins; once per process.

    With ``COLORTK_STRICT=1`` in the environment, the first failure is raised. After a call of
    :func:`~colortk.plugin.origins.discover_only`, only the entry points that it names are imported.
    """
    if not origins.only:
        return _discovered()
    result = Registry(partial=True)
    for origin in origins.only:
        _add(result, EntryPoint(origin.name, origin.value, GROUP), origin, strict())
    return result


def _discovered() -> Registry:
    raising = strict()
    result = Registry()
    for point, origin in _points(result, raising):
        _add(result, point, origin, raising)
    _settle_names(result, raising)
    return result


def strict() -> bool:
    """Return whether failures of plugins are raised with their traceback: ``COLORTK_STRICT=1``."""
    return os.environ.get("COLORTK_STRICT") == "1"


def raise_if_strict(error: BaseException, message: str) -> None:
    """Raise ``RuntimeError`` from the ``error`` of a plugin in strict mode.

    The error itself is not raised: callers would take ``SystemExit`` or ``OSError`` for their own.
    """
    if strict():
        raise RuntimeError(message) from error


def _points(result: Registry, strict: bool) -> list[tuple[EntryPoint, Origin]]:
    """Return the entry points of all distributions, without duplicates, built-in ones first.

    Distributions are read one by one, so that damaged metadata affects only its distribution.
    """
    seen: dict[tuple[str, str, str], tuple[EntryPoint, Origin]] = {}
    for dist in distributions():
        try:
            points = [point for point in dist.entry_points if point.group == GROUP]
            if not points:
                continue
            # Each access to one of these parses the whole metadata of the distribution.
            distribution, version = str(dist.name), str(dist.version)
            for point in points:
                origin = Origin(distribution, version, point.name, point.value)
                seen.setdefault((distribution, point.name, point.value), (point, origin))
        except Exception as error:
            if strict:
                raise
            name = Path(str(getattr(dist, "_path", "unknown"))).stem
            result.broken.append(Broken(name, name, "", "metadata", _reason(error)))
    return [seen[key] for key in sorted(seen, key=lambda key: (key[0] != DISTRIBUTION, key))]


def _add(result: Registry, point: EntryPoint, origin: Origin, strict: bool) -> None:
    distribution, version = origin.distribution, origin.version
    stage = "import"

    def broken(name: str, stage: str, reason: str) -> None:
        if strict:
            raise PluginError(f"plugin '{name}' of {distribution} is broken", f"{stage}: {reason}")
        result.broken.append(Broken(name, distribution, version, stage, reason))

    try:
        with restored():  # what a plugin prints must not reach standard output
            module = point.load()
        stage = "register"
        manager = pluggy.PluginManager(GROUP)
        manager.add_hookspecs(hookspecs)
        manager.register(module, name=point.name)
        manager.check_pending()
        _refuse_unmarked(module, manager)
        stage = "hook"
        for hook, kind in _HOOKS.items():
            for answer in getattr(manager.hook, hook)():
                for spec in list(answer):
                    why = check_spec(spec, kind) or _check_options(spec)
                    if why:
                        broken(getattr(spec, "name", point.name), "declaration", why)
                    else:
                        result.plugins.append(DeclaredPlugin(spec, distribution, version, origin))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # including SystemExit, which must not end this process
        raise_if_strict(error, f"plugin '{point.name}' of {distribution} is broken")
        broken(point.name, stage, _reason(error))


def _check_options(spec: AnySpec) -> str | None:
    """Return why the options that ``spec`` declares cannot be set from text, or ``None``."""
    if isinstance(spec, ColorizerSpec):
        for label, declared in (("options", spec.options), ("train options", spec.train_options)):
            if isinstance(declared, type) and (wrong := unusable(declared)):
                return f"has {label} that {wrong}"
    return None


def _reason(error: BaseException) -> str:
    """Return the class and the message of an error in one line."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"the module '{error.name}' is not installed"
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _refuse_unmarked(module: Any, manager: pluggy.PluginManager) -> None:
    """Raise ``TypeError`` for a function with the name of a hook but without ``@hookimpl``."""
    used = {caller.name for caller in manager.get_hookcallers(module) or []}
    for name in vars(module):
        if name.startswith("colortk_") and name not in used and callable(vars(module)[name]):
            known = get_close_matches(name, _HOOKS, 1)
            hint = f"; did you mean {known[0]}?" if known and known[0] != name else ""
            raise TypeError(f"{name} looks like a hook but is not marked with @hookimpl{hint}")
    if not used:
        raise TypeError(f"implements none of the hooks {', '.join(_HOOKS)}")


def _settle_names(result: Registry, strict: bool) -> None:
    """Refuse names that two plugins claim. A built-in plugin keeps its name."""
    claims: dict[tuple[str, str], list[DeclaredPlugin]] = {}
    for plugin in result.plugins:
        claims.setdefault((type(plugin.spec).__name__, plugin.spec.name), []).append(plugin)
    for (_, name), rivals in claims.items():
        if len(rivals) == 1:
            continue
        distributions = " and ".join(dict.fromkeys(r.distribution for r in rivals))
        if strict:
            raise PluginError(
                f"the name '{name}' is claimed by {distributions}", hint="uninstall one of them"
            )
        for loser in rivals:
            if loser.distribution == DISTRIBUTION and loser is rivals[0]:
                continue
            result.plugins.remove(loser)
            result.broken.append(
                Broken(
                    name,
                    loser.distribution,
                    loser.version,
                    "name",
                    f"the name '{name}' is claimed by {distributions}: uninstall one of them",
                )
            )


def _importable(module: str) -> bool:
    try:
        return module in sys.modules or importlib.util.find_spec(module) is not None
    except Exception:  # finding a submodule imports its parents, which may do anything
        return False


def missing_requirements(spec: ColorizerSpec) -> list[str]:
    """Return the modules that ``spec`` needs and that are not installed."""
    return [need.module for need in spec.requires if not _importable(need.module)]
