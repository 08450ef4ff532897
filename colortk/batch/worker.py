"""A worker process that colorizes pictures from file to file, one after the other.

The process loads the plugin once. If it crashes or hangs, only the picture in work fails; see
:mod:`colortk.batch.picture_worker` for the parent's side.
"""

from __future__ import annotations

import gc
from contextlib import suppress
from dataclasses import dataclass, field

from colortk.batch.options import PictureOptions
from colortk.batch.plan import OutputTarget
from colortk.batch.process_file import OnStep, process_file, record_errors
from colortk.batch.results import FileResult
from colortk.errors import ColortkError
from colortk.pipeline import Refiner, refiner
from colortk.plugin.origins import Origin, discover_only
from colortk.runtime import device_notes
from colortk.runtime.loading import Loaded, PluginRequest, load
from colortk.runtime.messages import Channel, Message
from colortk.runtime.plain_data import from_plain, to_plain
from colortk.runtime.subprocesses import incoming, keep_freed_memory
from colortk.runtime.worker_process import failure


@dataclass(frozen=True)
class WorkerConfig:
    """The work that a worker does for every picture.

    Parameters
    ----------
    request : PluginRequest
        The plugin to load.
    options : PictureOptions
    idle : float or None
        Seconds without a task after which the worker ends.
    """

    request: PluginRequest
    options: PictureOptions
    idle: float | None = None


@dataclass(frozen=True)
class WorkerSetup:
    """The first message to a worker.

    Parameters
    ----------
    config : WorkerConfig
    origins : tuple of Origin
        Where the plugin and the refinement are declared.
    """

    config: WorkerConfig
    origins: tuple[Origin, ...]


@dataclass(frozen=True)
class PictureTask:
    """A picture to colorize.

    Parameters
    ----------
    name : str
        Name of the picture in messages.
    source : str
        Path of the picture.
    target : OutputTarget
        Where the result goes.
    """

    name: str
    source: str
    target: OutputTarget


@dataclass(frozen=True)
class LoadedState:
    """The first reply of a worker: a description of the loaded plugin.

    Parameters
    ----------
    digest : str
        SHA-256 of the plugin's weights.
    options : str
        The plugin's options, as :func:`colortk.plugin.options.options_key` returns them.
    notes : tuple of str
        Lines about the device.
    """

    digest: str
    options: str
    notes: tuple[str, ...] = field(default=(), compare=False)


def serve_prestarted(channel: Channel) -> None:
    """As :func:`serve`, but load the plugin that a first message names before the setup arrives."""
    first = next(incoming(channel, 0), None)
    if first is None:
        return
    loaded: Loaded | ColortkError
    try:
        loaded = load(from_plain(PluginRequest, first.fields))
    except ColortkError as error:  # reported when the parent asks for the plugin
        loaded = error
    serve(channel, loaded)


def serve(channel: Channel, loaded: Loaded | ColortkError | None = None) -> None:
    """Load the plugin that the first message names, then reply to every task with its result.

    Parameters
    ----------
    channel : Channel
        To the parent.
    loaded : Loaded, ColortkError or None
        The plugin, or why it cannot be loaded, if this is known already.
    """
    first = next(incoming(channel, 0), None)
    if first is None:
        return
    with suppress(EOFError, OSError):  # the parent is gone
        setup = from_plain(WorkerSetup, first.fields)
        config = setup.config
        try:
            if isinstance(loaded, ColortkError):
                raise loaded
            if loaded is None:
                discover_only(setup.origins)
                loaded = load(config.request)
            refine = refiner(config.options.refine)
        except ColortkError as error:
            channel.send(failure(first, error))
            return
        keep_freed_memory()
        gc.freeze()  # imported objects live as long as the process: do not search them again
        state = LoadedState(loaded.digest, loaded.options_key, device_notes.take())
        channel.send(Message("ready", first.number, to_plain(state)))
        for request in incoming(channel, 0, config.idle):
            task = from_plain(PictureTask, request.fields)
            on_step = _step_reporter(channel, request.number)
            result = _process(task, loaded, refine, config.options, on_step)
            channel.send(Message("record", request.number, to_plain(result)))


def _step_reporter(channel: Channel, number: str) -> OnStep:
    """Return a function that tells the parent which step of a request begins."""
    return lambda step: channel.send(Message("step", number, {"step": step}))


def _process(
    task: PictureTask,
    loaded: Loaded,
    refine: Refiner,
    options: PictureOptions,
    on_step: OnStep,
) -> FileResult:
    result = FileResult(task.name, None, loaded.spec.name)
    with record_errors(result):
        try:
            process_file(task.source, result, task.target, loaded, refine, options, on_step=on_step)
        except KeyboardInterrupt:  # the plugin's own: the process ignores SIGINT
            result.error = f"plugin '{loaded.spec.name}' failed: KeyboardInterrupt"
    return result
