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
    PictureHints,
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

#: File types of a result, as label and extension.
TYPES = [("As uploaded", ""), ("PNG", "png"), ("JPEG", "jpg"), ("TIFF", "tif"), ("WebP", "webp")]


@dataclass(frozen=True)
class ColorizeInputs:
    """The inputs of the tab, in the order in which Gradio passes their values.

    Parameters
    ----------
    file : str
        Path of the upload.
    label : str
        Label of the plugin.
    strength : float
        Factor on chroma.
    refine : str
        Name of a chroma refinement.
    keep_border : bool
        Leave borders and mounts gray.
    edits : str or None
        The message of the editor, see :func:`.page_hints.parse_hints`.
    kind : str
        Type of the result; "" is the type of the upload.
    choice : str or None
        The message of the choice of a version, see :func:`.version_picker.parse_choice`.
    vividness : float
        The plugin's option of this name, if it has one.
    """

    file: str
    label: str
    strength: float
    refine: str
    keep_border: bool
    edits: str | None
    kind: str
    choice: str | None
    vividness: float

    @property
    def name(self) -> str:
        """Name of the uploaded file."""
        return Path(self.file).name

    def options(self, edits: PictureHints) -> UploadOptions:
        """Return the settings for the picture. ``edits``: the parsed message of the editor."""
        if self.kind not in [value for _, value in TYPES]:
            raise UsageError(f"a result cannot have the type '{self.kind}'")
        picture = picture_id(self.file)
        return UploadOptions(
            clip_strength(self.strength), self.refine, self.kind, edits.of(picture),
            bool(self.keep_border), edits.mask_of(picture),
            parse_choice(self.choice).of(picture, self.label),
        )  # fmt: skip


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
    plugin_strength : float
        Strength that the label states.
    hint_notes : list of str
        Notes on hints, for the editor.
    """

    updates: list[Any]
    prediction: KeptPrediction
    options: UploadOptions
    label: str
    plugin_strength: float
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
    predicted = data_url(render_hints(kept, (), result.plugin_strength, refine, keep_border=False))
    changed = predicted
    if options.guided or options.strength != 1:
        strength, border = options.strength * result.plugin_strength, options.keep_border
        changed = data_url(
            render_hints(kept, options.hints, strength, refine, border, options.mask)
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
    plugin, label = context.app.pool.choose(inputs.label, inputs.vividness)
    kept = KeptPredictions(context).find(file, label, options.variant)
    if kept is None:  # the plugin has not predicted yet
        return [gr.skip()]
    check_size(options.hints, kept.height, kept.width)
    strength = options.strength * plugin.strength
    notes: list[str] = []
    rgb = render_hints(
        kept, options.hints, strength, options.refine, options.keep_border, options.mask, notes
    )
    values_of_view = {"src": data_url(rgb), "revision": edits.revision, "notes": notes}
    return [editor_view(picture_id(file), kept, Path(file).stem, **values_of_view)]


def show_versions(context: RequestContext, file: str | None, *values: Any) -> Any:
    """Make the versions that the visitor asks for, and show them to choose from."""
    if not file:
        raise UsageError("No picture is chosen", hint="choose one")
    inputs = ColorizeInputs(file, *values)
    choice, app = parse_choice(inputs.choice), context.app
    plugin, label = app.pool.choose(inputs.label, inputs.vividness)
    with app.estimates.shown(f"{label} {choice.count} versions", context.progress):
        versions = predict_versions(
            Path(file), inputs.name, plugin, app.limits, choice.count, choice.seed
        )
    KeptPredictions(context).keep_versions(file, label, versions, choice.count, choice.seed)
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
    chosen, label = app.pool.choose(inputs.label, inputs.vividness)
    edits = parse_hints(inputs.edits)
    options = inputs.options(edits)
    predictions = KeptPredictions(context)
    kept = predictions.find(file, label, options.variant)
    plugin = KeptPlugin(chosen, kept, options.variant)
    with contextlib.ExitStack() as stack:
        if kept is None:
            stack.enter_context(app.estimates.shown(label, context.progress))
        colorized = colorize_picture(
            Path(file), inputs.name, plugin, options, app.limits, context.folder("picture")
        )
    if kept is None:
        kept = colorized.prediction
        predictions.keep(file, label, kept, options.variant)
    history = ResultHistory(context)
    history.add(colorized, picture_id(file), label, describe(options), adjusted)
    text = (
        f"<p data-revision='{edits.revision}'><b>{html.escape(label)}</b>"
        f" {colorized.width} × {colorized.height}, {colorized.seconds:.1f} s."
        " Drag the line or press the arrow keys. Before the line the picture is gray,"
        " after it in color.</p>"
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
    return WrittenResult(
        updates, kept, options, inputs.label, plugin.strength, colorized.hint_notes
    )


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


def clip_strength(value: float) -> float:
    """Return a strength that the page allows."""
    return min(2.0, max(0.0, float(value)))
