"""``colortk.list_plugins``: list installed plugins, and whether they can run."""

from __future__ import annotations

from dataclasses import dataclass

from colortk.errors import UsageError
from colortk.plugin.discover import DeclaredPlugin
from colortk.plugin.metric_files import missing_files
from colortk.plugin.registry import missing_requirements, registry
from colortk.plugin.spec import DEFAULT, AnySpec, ColorizerSpec, MetricSpec, RefinerSpec
from colortk.plugin.weights_folder import missing_weights, need

#: Kinds of plugins by name.
KINDS: dict[str, type[AnySpec]] = {
    "colorizer": ColorizerSpec,
    "metric": MetricSpec,
    "refiner": RefinerSpec,
}


@dataclass(frozen=True)
class PluginInfo:
    """A row of the list of plugins.

    Parameters
    ----------
    name : str
        Name of the plugin, as in ``colortk.colorize(image, name)``.
    status : {"ok", "unavailable", "needs weights", "broken"}
        Whether it can run. "unavailable": a module that it needs is not installed. "needs weights":
        the user has to fetch its weights.
    distribution : str
        The package that it comes with.
    version : str
        Version of this package.
    summary : str
        Its description in one line, or the reason why it cannot run.
    default : bool
        Whether it is used if no plugin is named.
    """

    name: str
    status: str
    distribution: str
    version: str
    summary: str
    default: bool = False


def list_plugins(kind: str = "colorizer") -> list[PluginInfo]:
    """List installed plugins, also those that cannot run. No plugin is loaded.

    Parameters
    ----------
    kind : {"colorizer", "metric", "refiner"}
        Kind of the plugins to list.

    Returns
    -------
    list of PluginInfo
        In the order of their names; broken plugins, of any kind, at the end.

    Raises
    ------
    UsageError
        Unknown kind.

    Examples
    --------
    >>> import colortk
    >>> names = [plugin.name for plugin in colortk.list_plugins() if plugin.status == "ok"]
    >>> "gray" in names
    True
    >>> [plugin.name for plugin in colortk.list_plugins("refiner")]
    ['none', 'ratio', 'slide']
    """
    if kind not in KINDS:
        raise UsageError(f"no plugins of kind {kind!r}", f"known kinds: {', '.join(KINDS)}")
    installed = registry()
    rows = [
        _row(name, declaration) for name, declaration in sorted(installed.of(KINDS[kind]).items())
    ]
    for broken in installed.broken:
        reason = f"{broken.stage}: {broken.reason}"
        row = PluginInfo(broken.name, "broken", broken.distribution, broken.version, reason)
        rows.append(row)
    return rows


def _row(name: str, plugin: DeclaredPlugin) -> PluginInfo:
    status, summary = "ok", plugin.spec.summary
    if isinstance(plugin.spec, ColorizerSpec) and (missing := missing_requirements(plugin.spec)):
        needs = [row for row in plugin.spec.requires if row.module in missing]
        status = "unavailable"
        summary = f"needs {', '.join(missing)}: {'; '.join(row.install for row in needs)}"
    elif isinstance(plugin.spec, ColorizerSpec) and (files := missing_weights(plugin.spec)):
        status, summary = "needs weights", need(files)
    elif isinstance(plugin.spec, MetricSpec) and (reason := missing_files(plugin.spec)):
        status, summary = "needs weights", reason
    default = isinstance(plugin.spec, ColorizerSpec) and name == DEFAULT
    return PluginInfo(name, status, plugin.distribution, plugin.version, summary, default)
