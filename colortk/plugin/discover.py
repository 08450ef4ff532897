"""Discover plugins, one entry point at a time. A plugin that fails becomes a row, not a crash.

Each entry point gets its own pluggy manager, which validates and calls its hooks. An error of
one plugin (in an import or a hook, ``SystemExit``, a misspelled hook) does not affect other
plugins.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib.metadata import EntryPoint, distributions
from pathlib import Path
from typing import Any

import pluggy

from colortk.errors import PluginError
from colortk.plugin import hookspecs
from colortk.plugin.option_types import unusable
from colortk.plugin.origins import Origin
from colortk.plugin.process_state import restored
from colortk.plugin.spec import AnySpec, ColorizerSpec, MetricSpec, RefinerSpec
from colortk.plugin.spec_checks import check_spec

GROUP = "colortk"
DISTRIBUTION = "colorization-toolkit"
#: Entry point of the built-in metrics and refinements.
_HOST = "host"
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
class BrokenPlugin:
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
class Discovery:
    """The declarations of some entry points.

    Attributes
    ----------
    plugins : list of DeclaredPlugin
        Usable declarations.
    broken : list of BrokenPlugin
        Unusable declarations, with the reasons.
    """

    plugins: list[DeclaredPlugin] = field(default_factory=list)
    broken: list[BrokenPlugin] = field(default_factory=list)


def discover_all(built_in: set[str] | None = None) -> Discovery:
    """Import the entry points of all installed distributions.

    Parameters
    ----------
    built_in : set of str, optional
        Built-in plugins that are imported. By default all of them.
    """
    raising = strict()
    result = Discovery()
    for point, origin in _points(result, raising):
        is_built_in = origin.distribution == DISTRIBUTION and point.name != _HOST
        if built_in is None or not is_built_in or point.name in built_in:
            _add(result, point, origin, raising)
    _settle_names(result, raising)
    return result


def discover_origins(origins: Iterable[Origin]) -> Discovery:
    """Import these entry points and no others."""
    result = Discovery()
    for origin in origins:
        _add(result, EntryPoint(origin.name, origin.value, GROUP), origin, strict())
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


def _points(result: Discovery, strict: bool) -> list[tuple[EntryPoint, Origin]]:
    """Return the entry points of all distributions, without duplicates, built-in ones first.

    Distributions are read one by one, so that damaged metadata affects only its distribution.
    """
    unique_points: dict[tuple[str, str, str], tuple[EntryPoint, Origin]] = {}
    for dist in distributions():
        try:
            points = [point for point in dist.entry_points if point.group == GROUP]
            if not points:
                continue
            # Each access to one of these parses the whole metadata of the distribution.
            distribution, version = str(dist.name), str(dist.version)
            for point in points:
                origin = Origin(distribution, version, point.name, point.value)
                unique_points.setdefault((distribution, point.name, point.value), (point, origin))
        except Exception as error:
            if strict:
                raise
            name = Path(str(getattr(dist, "_path", "unknown"))).stem
            result.broken.append(BrokenPlugin(name, name, "", "metadata", _reason(error)))
    return [
        unique_points[key]
        for key in sorted(unique_points, key=lambda key: (key[0] != DISTRIBUTION, key))
    ]


def _add(result: Discovery, point: EntryPoint, origin: Origin, strict: bool) -> None:
    distribution, version = origin.distribution, origin.version
    stage = "import"

    def add_broken(name: str, stage: str, reason: str) -> None:
        if strict:
            raise PluginError(f"plugin '{name}' of {distribution} is broken", f"{stage}: {reason}")
        result.broken.append(BrokenPlugin(name, distribution, version, stage, reason))

    try:
        with restored():  # output of a plugin must not reach standard output
            module = point.load()
        stage = "register"
        manager = pluggy.PluginManager(GROUP)
        manager.add_hookspecs(hookspecs)
        manager.register(module, name=point.name)
        manager.check_pending()
        _refuse_unmarked(module, manager)
        stage = "hook"
        for hook, kind in _HOOKS.items():
            for declared_specs in getattr(manager.hook, hook)():
                for spec in list(declared_specs):
                    problem = check_spec(spec, kind) or _check_options(spec)
                    if problem:
                        add_broken(getattr(spec, "name", point.name), "declaration", problem)
                    else:
                        result.plugins.append(DeclaredPlugin(spec, distribution, version, origin))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # including SystemExit, which must not end this process
        raise_if_strict(error, f"plugin '{point.name}' of {distribution} is broken")
        add_broken(point.name, stage, _reason(error))


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
    implemented_hooks = {caller.name for caller in manager.get_hookcallers(module) or []}
    for name in vars(module):
        if (
            name.startswith("colortk_")
            and name not in implemented_hooks
            and callable(vars(module)[name])
        ):
            close_hooks = get_close_matches(name, _HOOKS, 1)
            hint = (
                f"; did you mean {close_hooks[0]}?"
                if close_hooks and close_hooks[0] != name
                else ""
            )
            raise TypeError(f"{name} looks like a hook but is not marked with @hookimpl{hint}")
    if not implemented_hooks:
        raise TypeError(f"implements none of the hooks {', '.join(_HOOKS)}")


def _settle_names(result: Discovery, strict: bool) -> None:
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
                BrokenPlugin(
                    name,
                    loser.distribution,
                    loser.version,
                    "name",
                    f"the name '{name}' is claimed by {distributions}: uninstall one of them",
                )
            )
