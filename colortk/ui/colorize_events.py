"""The events of the tab "Colorize": colorize, preview, save, clear."""

from __future__ import annotations

import contextlib
import html
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from colortk.errors import UsageError
from colortk.guidance.hints import Hint
from colortk.io.files import write_atomic
from colortk.io.samples import photographs
from colortk.plugin.spec import DEFAULT
from colortk.ui._gradio import gr
from colortk.ui.colorize_inputs import ColorizeInputs, clip_strength
from colortk.ui.event_handlers import RequestContext
from colortk.ui.kept_predictions import (
    KeptPlugin,
    KeptPrediction,
    KeptPredictions,
    picture_id,
    shrink_lightness,
)
from colortk.ui.limits import format_size
from colortk.ui.page_hints import (
    check_size,
    data_url,
    editor_view,
    parse_hints,
    render_hints,
)
from colortk.ui.picture_conversion import UploadOptions, colorize_picture, predict_versions
from colortk.ui.previews import THUMBNAIL_SIDE
from colortk.ui.result_history import ResultHistory
from colortk.ui.version_picker import parse_choice, picker_view


@dataclass(frozen=True)
class WrittenResult:
    """The file of a result.

    Parameters
    ----------
    updates : list
        Updates of the slider, the summary, the download and the history.
    prediction : KeptPrediction
        What the plugin predicted.
    options : UploadOptions
        The settings.
    label : str
        Label of the plugin.
    plugin : KeptPlugin
        The plugin, with this prediction.
    hint_notes : list of str
        Notes on hints, for the editor.
    """

    updates: list[Any]
    prediction: KeptPrediction
    options: UploadOptions
    label: str
    plugin: KeptPlugin
    hint_notes: list[str]


def choose_sample(context: RequestContext) -> list[str]:
    """Return a copy of a photograph that comes with the libraries."""
    source = next(iter(photographs().values()))
    copy = context.folder("sample") / source.name
    write_atomic(copy, source.read_bytes(), force=True, durable=False)
    return [str(copy)]


def clear(context: RequestContext) -> Any:
    """Show the tab without a picture. The history stays."""
    hidden, hidden_result = gr.update(visible=False), gr.update(value=None, visible=False)
    no_pictures = gr.update(value=None)
    results = no_pictures, hidden_result, hidden_result, gr.skip()
    return gr.update(visible=True), hidden, "", "", *results


def colorize(context: RequestContext, file: str | None, *values: Any) -> Any:
    """Colorize the upload, and show the result and the editor."""
    if not file:
        raise UsageError("No picture is chosen", hint="choose one")
    result = _write_result(context, ColorizeInputs(file, *values), adjusted=False)
    options, kept, refine = result.options, result.prediction, result.options.refine
    predicted = data_url(render_hints(kept, (), result.plugin.strength, refine, keep_border=False))
    changed = predicted
    if options.guided or options.strength != 1:
        strength, border = options.strength * result.plugin.strength, options.keep_border
        changed = data_url(
            render_hints(
                kept, options.hints, strength, refine, border, options.mask, None, result.plugin
            )
        )
    # The first click then finds the picture's affinities.
    threading.Thread(target=_warm, args=(kept, refine), daemon=True).start()
    values_of_view = {"src": changed, "prediction": predicted, "notes": result.hint_notes}
    view = editor_view(picture_id(file), kept, Path(file).stem, **values_of_view)
    versions = _picker_view(context, file, result.label)
    return gr.update(visible=False), gr.update(visible=True), view, versions, *result.updates


def recolorize(context: RequestContext, file: str | None, *values: Any) -> Any:
    """Colorize the picture again with other settings, if there is one."""
    if not file:
        return [gr.skip()] * 8
    return colorize(context, file, *values)


def save(context: RequestContext, file: str | None, *values: Any) -> Any:
    """Colorize the picture again, and leave the editor, which shows newer hints, as it is."""
    if not file:
        return [gr.skip()] * 4
    return _write_result(context, ColorizeInputs(file, *values), adjusted=True).updates


def preview(context: RequestContext, file: str | None, *values: Any) -> Any:
    """Show the kept prediction with other settings at a small size, at once."""
    if not file:
        return [gr.skip()]
    inputs = ColorizeInputs(file, *values)
    edits = parse_hints(inputs.edits)
    options = inputs.options(edits)
    plugin, _, key = inputs.choose(context.app)
    kept = KeptPredictions(context).find(file, key, options.variant)
    if kept is None:  # the plugin has not predicted yet
        return [gr.skip()]
    check_size(options.hints, kept.height, kept.width)
    strength = options.strength * plugin.strength
    notes: list[str] = []
    rgb = render_hints(
        kept, options.hints, strength, options.refine, options.keep_border, options.mask, notes,
        KeptPlugin(plugin, kept, options.variant, wait=False),
    )  # fmt: skip
    values_of_view = {"src": data_url(rgb), "revision": edits.revision, "notes": notes}
    return [editor_view(picture_id(file), kept, Path(file).stem, **values_of_view)]


def show_versions(context: RequestContext, file: str | None, *values: Any) -> Any:
    """Make the versions that the visitor asks for, and show them to choose from."""
    if not file:
        raise UsageError("No picture is chosen", hint="choose one")
    inputs = ColorizeInputs(file, *values)
    choice, app = parse_choice(inputs.choice), context.app
    job = inputs.prepare(app)
    plugin, _, key = inputs.choose(app)
    with app.estimates.shown(f"{job} {choice.count} versions", context.progress):
        versions = predict_versions(
            Path(file), inputs.name, plugin, app.limits, choice.count, choice.seed
        )
    KeptPredictions(context).keep_versions(file, key, versions, choice.count, choice.seed)
    small = replace(versions, lightness=shrink_lightness(versions.lightness, THUMBNAIL_SIDE))
    strength = clip_strength(inputs.strength) * plugin.strength
    thumbnails = [
        data_url(
            render_hints(replace(small, ab=ab), (), strength, inputs.refine, keep_border=False)
        )
        for ab in versions.ab
    ]
    shown = {"count": choice.count, "seed": choice.seed, "versions": thumbnails}
    return [_picker_view(context, file, inputs.label, **shown)]


def _picker_view(context: RequestContext, file: str, label: str, **values: Any) -> str:
    pool = context.app.pool
    other = next(filter(pool.makes_versions, pool.labels), DEFAULT)
    return picker_view(picture_id(file), label, pool.makes_versions(label), other, **values)


def _warm(kept: KeptPrediction, refine: str) -> None:
    """Compute what all previews of a picture share."""
    with contextlib.suppress(MemoryError):  # the first preview then reports it
        render_hints(kept, [Hint(0.5, 0.5, fractions=True)], 1.0, refine, keep_border=False)


def _write_result(context: RequestContext, inputs: ColorizeInputs, adjusted: bool) -> WrittenResult:
    """Write the file of a result, keep the prediction, and add the result to the history.

    ``adjusted`` is as in :class:`.result_history.HistoryEntry`.
    """
    app, file = context.app, inputs.file
    chosen, label, key = inputs.choose(app)
    edits = parse_hints(inputs.edits)
    options = inputs.options(edits)
    predictions = KeptPredictions(context)
    kept = predictions.find(file, key, options.variant)
    plugin = KeptPlugin(chosen, kept, options.variant)
    with contextlib.ExitStack() as stack:
        if kept is None:
            job = inputs.prepare(app)
            stack.enter_context(app.estimates.shown(job, context.progress))
        colorized = colorize_picture(
            Path(file), inputs.name, plugin, options, app.limits, context.folder("picture")
        )
    if kept is None:
        kept = colorized.prediction
        predictions.keep(file, key, kept, options.variant)
    history = ResultHistory(context)
    history.add(colorized, picture_id(file), label, describe(options), adjusted)
    text = (
        f"<p data-revision='{edits.revision}'><b>{html.escape(label)}</b>"
        f" {colorized.width} × {colorized.height}, {colorized.seconds:.1f} s."
        "</p>"
    ) + "".join(f"<p>{html.escape(note)}</p>" for note in colorized.notes)
    updates = [
        gr.update(value=(str(colorized.before), str(colorized.after))),
        gr.update(value=text, visible=True),
        gr.update(
            value=str(colorized.file),
            label=f"Download {colorized.file.name} ({format_size(colorized.file)})",
            visible=True,
        ),
        history.to_html(),
    ]
    plugin = KeptPlugin(chosen, kept, options.variant)
    return WrittenResult(updates, kept, options, inputs.label, plugin, colorized.hint_notes)


def describe(options: UploadOptions) -> str:
    """Return the settings that are not the default, such as "strength 0.5, 3 points"."""
    parts = []
    if (variant := options.variant) is not None:
        seed = f", seed {variant.seed}" if variant.seed else ""
        parts.append(f"version {variant.number} of {variant.count}{seed}")
    if options.strength != 1:
        parts.append(f"strength {options.strength:g}")
    if options.refine != "ratio":
        parts.append(f"refinement {options.refine}")
    if options.hints:
        parts.append("1 point" if len(options.hints) == 1 else f"{len(options.hints)} points")
    if options.mask is not None:
        parts.append("mask")
    if options.keep_border:
        parts.append("gray border")
    return ", ".join(parts)
