"""The panel "Many pictures" of the Colorize tab: upload pictures, download their results as ZIP."""

from __future__ import annotations

import html
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from colortk.errors import UsageError
from colortk.ui._gradio import gr
from colortk.ui.batch_conversion import BatchResult, BatchStopped, colorize_batch
from colortk.ui.colorize_inputs import clip_strength
from colortk.ui.event_handlers import (
    AppContext,
    RequestContext,
    event_handler,
    notice,
    visitor_message,
)
from colortk.ui.job_queue import GradioQueue
from colortk.ui.limits import MEGABYTE, format_size
from colortk.ui.picture_conversion import UploadOptions
from colortk.ui.stop_signals import StopSignals
from colortk.ui.time_left import format_time_left
from colortk.ui.uploads import MAX_FILES
from colortk.ui.visitor_registry import MAX_RESULTS

#: Kind of the result folders.
KIND = "batch"
#: Batches of all visitors are colorized one after another.
GROUP = "batches"
STOPPED = "<p role='status'>Stopped before the first picture.</p>"


def build(app: AppContext, page: Any, settings: Sequence[Any]) -> None:
    """Create the panel in the current block of Gradio.

    Parameters
    ----------
    app : AppContext
        Objects that the tabs share.
    page : gradio.Blocks
        The page.
    settings : sequence of component
        The controls of the tab: plugin, strength, refinement, border, type, vividness, reference.
    """
    stopped = [gr.update(value=STOPPED), gr.update(visible=False), gr.update(visible=False)]
    stops = StopSignals(GradioQueue(page), GROUP, stopped)

    def colorize(context: RequestContext, *values: Any) -> Any:
        with stops.running(context.window) as stop:
            return _colorize(context, stop, *values)

    with gr.Accordion("Many pictures at once", open=False, elem_id="batch"):
        size = f"up to {MAX_FILES}, {app.limits.batch / MEGABYTE:g} MB in all"
        files = gr.File(
            label=f"Pictures ({size})", height=150, type="filepath", file_count="multiple",
            elem_classes="batch-drop",
        )  # fmt: skip
        with gr.Row():
            go = gr.Button("Colorize all", variant="primary", elem_id="batch-go", min_width=80)
            end = gr.Button("Stop", variant="secondary", elem_id="batch-stop", min_width=80)
        error_notice = notice()
        summary = gr.HTML(
            "<p>They are colorized with the settings above.</p>", elem_classes="summary",
            elem_id="batch-summary",
        )  # fmt: skip
        download = gr.DownloadButton(
            "Download", variant="primary", visible=False, elem_id="batch-download"
        )
    go.click(
        event_handler(app, colorize, 2), [files, *settings], [summary, download, error_notice],
        concurrency_id=GROUP, concurrency_limit=1, trigger_mode="once",
        show_progress_on=[summary], api_visibility="private",
    )  # fmt: skip
    end.click(
        event_handler(app, stops.stop, 0), None, [error_notice], queue=False,
        api_visibility="private",
    )  # fmt: skip


def _colorize(
    context: RequestContext,
    stop: threading.Event,
    files: list[str] | None,
    label: str,
    strength: float,
    refine: str,
    keep_border: bool,
    kind: str,
    vividness: float,
    reference: str | None,
) -> Any:
    if not files:
        raise UsageError("No pictures are chosen", hint="choose some")
    app, total, start = context.app, len(files), time.monotonic()

    def advance(done: int, name: str) -> None:
        if stop.is_set() or app.closing.is_set() or not app.visitors.is_connected(context.token):
            raise BatchStopped
        text = f"Picture {done + 1} of {total}: {name}"
        if done:
            seconds = (time.monotonic() - start) / done * (total - done)
            text += f", {format_time_left(seconds)}"
        context.progress((done, total), desc=text, unit="pictures")

    if reference and app.pool.takes_reference(label):
        app.limits.decode_reference(Path(reference))
    options = UploadOptions(
        clip_strength(strength), refine, kind, keep_border=bool(keep_border)
    )  # fmt: skip
    result = colorize_batch(
        [Path(file) for file in files], app.pool.choose(label, vividness, reference).plugin,
        options, app.limits, context.folder(KIND), advance,
        lambda error: visitor_message(error, app.visitors.root),
    )  # fmt: skip
    if context.token is not None:
        app.visitors.limit_results(context.token, KIND, MAX_RESULTS, app.limits.batch_results)
    shown = gr.update(visible=False)
    if result.done:
        title = f"Download {result.file.name} ({format_size(result.file)})"
        shown = gr.update(value=str(result.file), label=title, visible=True)
    return _summary(result), shown


def _summary(result: BatchResult) -> str:
    text = f"{result.done} of {result.total} pictures colorized."
    if result.stopped:
        text += " Stopped: the other pictures were left out."
    failures = "".join(f"<li>{html.escape(reason)}</li>" for _, reason in result.failures)
    listing = f"<p>Failed:</p><ul>{failures}</ul>" if failures else ""
    return f"<p role='status'>{text}</p>{listing}"
