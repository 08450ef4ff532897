"""The other side of :class:`~colortk.runtime.isolate.Isolated`: the process of one plugin."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace

from colortk.errors import ColortkError, PredictionError
from colortk.guidance.working_hints import WorkingHints
from colortk.plugin.origins import Origin, discover_only
from colortk.runtime import device_notes
from colortk.runtime.film_messages import FilmReplies
from colortk.runtime.loading import Loaded, PluginRequest, load
from colortk.runtime.messages import Channel, Message
from colortk.runtime.plain_data import from_plain, to_plain
from colortk.runtime.subprocesses import incoming, peak_memory
from colortk.runtime.worker_process import failure

#: Most bytes of the lightness of a picture.
MAX_PREDICTION_BYTES = 1 << 40


@dataclass(frozen=True)
class Loading:
    """The plugin for a process to load. ``origin``: where the plugin is declared."""

    request: PluginRequest
    origin: Origin | None


@dataclass(frozen=True)
class Ready:
    """Report of a plugin's process after it has loaded the plugin, with notes on the device."""

    digest: str
    options_key: str
    follows_hints: bool = False
    notes: tuple[str, ...] = ()


def serve(channel: Channel) -> None:
    """Load the plugin that the first message names, and reply to each lightness with chroma."""
    requests = incoming(channel, MAX_PREDICTION_BYTES)
    first = next(requests, None)
    if first is None:
        return
    loading = from_plain(Loading, first.fields)
    try:
        if loading.origin is not None:
            discover_only([loading.origin])
        loaded = load(loading.request)
        ready = Ready(loaded.digest, loaded.options_key, loaded.follows_hints, device_notes.take())
        channel.send(Message("ready", first.number, to_plain(ready)))
    except ColortkError as error:
        channel.send(failure(first, error))
        return
    name = loading.request.plugin
    for request in requests:
        replies = FilmReplies(channel, requests, request) if request.kind == "film" else None
        try:
            reply = _prediction(loaded, request) if replies is None else replies.predict(loaded)
        except ColortkError as error:
            reply = failure(request, error)
        except KeyboardInterrupt:  # raised by the plugin: this process ignores interrupts
            interrupted = PredictionError(f"plugin '{name}' failed", "KeyboardInterrupt")
            reply = failure(request, interrupted)
        except MemoryError:
            reply = failure(request, PredictionError(f"plugin '{name}' failed", "out of memory"))
        if replies is not None:  # the last request of a film, not the first
            reply = replace(reply, number=replies.end())
        with contextlib.suppress(BrokenPipeError):
            channel.send(reply)


def _prediction(loaded: Loaded, request: Message) -> Message:
    """Return the reply to a request for the chroma of a picture."""
    lightness = request.arrays["lightness"]
    if request.kind == "samples":
        count, seed = int(request.fields["count"]), int(request.fields["seed"])
        ab = loaded.predict_samples(lightness, count, seed)
    elif request.kind == "guided":
        hints = WorkingHints(request.arrays["hint_ab"], request.arrays["hint_mask"])
        ab = loaded.predict_guided(lightness, hints)
    else:
        ab = loaded.predict(lightness)
    return Message("prediction", request.number, {"peak_memory": peak_memory()}, {"ab": ab})
