"""The plugins that a worker keeps loaded, each in a separate process."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field

from colortk.errors import PluginError
from colortk.harness.plugin_variants import HOST_OPTION, PluginVariant
from colortk.harness.records import Key, Repeat
from colortk.harness.second_predictions import predict_again
from colortk.harness.tasks import Task, TaskResult
from colortk.runtime.isolate import Isolated
from colortk.runtime.loading import PluginRequest
from colortk.runtime.provenance import colorizer_code, host_code, running_host_code, snapshot
from colortk.types import Float32


@dataclass
class _PluginCache:
    """Plugin processes, each with the run that last used it, and those that were replaced.

    ``restarted`` holds the plugins whose process was replaced for a second prediction, by run.
    """

    plugins: dict[object, tuple[Isolated, str]] = field(default_factory=dict)
    restarted: set[tuple[str, PluginRequest, Key]] = field(default_factory=set)


_thread = threading.local()


def _cache() -> _PluginCache:
    """Return the plugins of this thread: a Dask worker has several threads."""
    if not hasattr(_thread, "cache"):
        _thread.cache = _PluginCache()
    cache: _PluginCache = _thread.cache
    return cache


def loading_seconds() -> float:
    """Return the seconds in which this thread's plugins were started and loaded."""
    return sum(plugin.loading for plugin, _ in _cache().plugins.values())


def close_plugins() -> None:
    """End the plugin processes of this thread."""
    for plugin, _ in _cache().plugins.values():
        plugin.close()
    _cache().plugins.clear()


def close_other_runs(run: str) -> None:
    """End the plugins of earlier comparisons: a Dask worker outlives a comparison."""
    cache = _cache()
    for key in [key for key, (_, last) in cache.plugins.items() if last != run]:
        cache.plugins.pop(key)[0].close()
    cache.restarted = {mark for mark in cache.restarted if mark[0] == run}


def plugin_process(variant: PluginVariant, task: Task) -> Isolated:
    """Return the process of a plugin, which is started if this thread has none.

    Raises
    ------
    ColortkError
        If the plugin cannot be loaded, or its weights, options or code differ from the ones that
        the comparison looked up.
    """
    plugins = _cache().plugins
    key = (variant.request, variant.key, task.timeout, task.threads, task.hidden_folders)
    if key not in plugins:
        plugin = Isolated(variant.request, task.timeout, task.threads, task.hidden_folders)
        difference = _difference(variant, plugin, task.protocol.refine)
        if difference:
            plugin.close()
            raise PluginError(
                f"plugin '{variant.request.plugin}' has different {difference} in the process that"
                " runs it",
                "its version differs between machines, or it was changed during the run",
                "install the same version everywhere, or run the same command again",
            )
        plugins[key] = plugin, task.run
    plugin = plugins[key][0]
    plugins[key] = plugin, task.run
    return plugin


def _difference(variant: PluginVariant, plugin: Isolated, refine: str) -> str:
    """Name the difference to the plugin that was looked up: weights, options, code, or nothing."""
    if plugin.digest != variant.key.artifact:
        return "weights"
    options = {
        name: value for name, value in variant.options.items() if not name.startswith(HOST_OPTION)
    }
    if json.loads(plugin.options_key) != options:
        return "options"
    # The plugin's process has just imported its code; this process imported its own when it began.
    with snapshot():
        same_host = running_host_code(refine, "scores") == host_code(refine, "scores")
        code = colorizer_code(plugin.spec, refine, "scores")
    return "" if same_host and variant.key.code.startswith(code) else "code"


def predict_twice(
    variant: PluginVariant,
    task: Task,
    plugin: Isolated,
    light: Float32,
    first: Float32,
    result: TaskResult,
) -> Repeat:
    """Predict a picture again, in a new process the first time in each run and thread.

    Parameters
    ----------
    variant, task, plugin
        The plugin, the picture's task, and the plugin's process.
    light
        float32 (H, W), CIE L* of the picture.
    first
        float32 (h, w, 2), the first prediction, at the plugin's working size.
    result
        Its ``repeating`` grows by the seconds of the second prediction.
    """
    mark = (task.run, variant.request, variant.key)
    restarted = _cache().restarted
    repeat, seconds = predict_again(plugin, light, first, renew=mark not in restarted)
    restarted.add(mark)
    result.repeating += seconds
    return repeat
