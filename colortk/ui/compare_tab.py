"""The tab "Compare": one picture, colorized by several plugins, side by side."""

from __future__ import annotations

import html
from pathlib import Path

from colortk.errors import UsageError
from colortk.plugin.spec import MetricSpec
from colortk.ui._gradio import gr
from colortk.ui.controls import file_drop, strength_slider
from colortk.ui.event_handlers import AppContext, RequestContext, event_handler, notice
from colortk.ui.picture_comparison import PictureComparison, PluginResult, compare_plugins
from colortk.ui.previews import HEAT_MAP_MAX, file_url

#: Number of plugins that are chosen when the page is loaded.
INITIAL_PLUGINS = 4
EMPTY_TEXT = (
    '<div class="empty"><b>Side by side</b><span>Choose a picture and plugins. If the picture has'
    " colors, plugins get only its lightness, and their results are scored against the"
    " original.</span></div>"
)


def build(app: AppContext) -> None:
    """Create the elements of the tab in the current block of Gradio."""
    labels = app.pool.labels
    with gr.Row(elem_classes="work"):
        with gr.Column(scale=1, min_width=280):
            file = file_drop("Picture", "picture", app.limits)
            plugins = gr.CheckboxGroup(labels, value=labels[:INITIAL_PLUGINS], label="Plugins")
            strength = strength_slider("compare-strength")
            go = gr.Button("Compare", variant="primary", elem_id="compare-go")
        with gr.Column(scale=3, min_width=320):
            error_notice = notice()
            sheet = gr.HTML(EMPTY_TEXT, elem_id="compared")
    compare = {
        "fn": event_handler(app, _compare, 1), "inputs": [file, plugins, strength],
        "outputs": [sheet, error_notice],
        "concurrency_id": "pictures", "concurrency_limit": 1, "api_visibility": "private",
    }  # fmt: skip
    go.click(**compare)
    file.upload(**compare)
    file.clear(
        event_handler(app, lambda context: [EMPTY_TEXT], 1), None, [sheet, error_notice],
        queue=False, show_progress="hidden", api_visibility="private",
    )  # fmt: skip


def _compare(
    context: RequestContext, file: str | None, labels: list[str], strength: float
) -> list[str]:
    if not file:
        raise UsageError("No picture is chosen", hint="choose one")
    app, path = context.app, Path(file)
    strength = min(2.0, max(0.0, float(strength)))
    comparison = compare_plugins(
        path, path.name, labels, strength, app.pool, app.limits, context.folder("compare")
    )
    return [render_comparison(comparison)]


def render_comparison(comparison: PictureComparison) -> str:
    """Return the pictures and, if they are scored, the table of scores as HTML."""
    first = _figure("Input of the plugins", comparison.gray, comparison.name)
    if comparison.scored:
        lightness = (
            f"<img class='heat' src='{file_url(comparison.gray)}' alt='Lightness of the original'>"
        )
        words = "and below it its lightness, which is all that plugins get"
        first = _figure("Original", comparison.original, words).replace(
            "</figure>", f"{lightness}</figure>"
        )
        note = (
            f"Scored at {comparison.width} × {comparison.height}, the whole picture."
            " <code>colortk compare</code> scores the middle square at 256 × 256."
        )
        tail = f"{_table(comparison)}<p class='note'>{note}</p>"
    else:
        tail = "<p class='note'>The picture has no colors, so that results cannot be scored.</p>"
    cards = first + "".join(_result_figure(row) for row in comparison.rows)
    legend = ""
    if comparison.scored:
        legend = (
            "<p class='legend'><span>Below each result: difference to the original (ΔE00)</span>"
            f"<span>0 <i class='scale'></i> {HEAT_MAP_MAX:g} or more</span></p>"
        )
    return f"{legend}<div class='cards'>{cards}</div>{tail}"


def _figure(title: str, picture: Path, words: str) -> str:
    alt = html.escape(f"{title}: {words}", quote=True)
    return (
        f"<figure><figcaption><b>{html.escape(title)}</b> <span>{html.escape(words)}</span>"
        f"</figcaption><img src='{file_url(picture)}' alt='{alt}'></figure>"
    )


def _result_figure(row: PluginResult) -> str:
    if row.picture is None:
        return (
            f"<figure class='failed'><figcaption><b>{html.escape(row.label)}</b>"
            f"<span role='alert'>{html.escape(row.error)}</span></figcaption></figure>"
        )
    figure = _figure(row.label, row.picture, row.summary)
    if row.heat is None:
        return figure
    mean = f", {row.scores['delta_e00']:.1f} on average" if "delta_e00" in row.scores else ""
    alt = html.escape(f"Difference between {row.label} and the original{mean}", quote=True)
    heat = f"<img class='heat' src='{file_url(row.heat)}' alt='{alt}'>"
    return figure.replace("</figure>", f"{heat}</figure>")


def _table(comparison: PictureComparison) -> str:
    heads = "".join(
        f"<th scope='col' title='{html.escape(metric.summary, quote=True)}'>"
        f"{html.escape(metric.heading)}</th>"
        for metric in comparison.metrics
    )
    best = {metric.name: _best(metric, comparison.rows) for metric in comparison.metrics}
    body = "".join(
        f"<tr><th scope='row'>{html.escape(row.label)}</th>"
        + "".join(_cell(metric, row, best[metric.name]) for metric in comparison.metrics)
        + "</tr>"
        for row in comparison.rows
        if row.picture is not None
    )
    definitions = "".join(
        f"<dt>{html.escape(metric.label or metric.name)}</dt>"
        f"<dd>{html.escape(metric.definition or metric.summary)}</dd>"
        for metric in comparison.metrics
    )
    return (
        "<div class='wide' tabindex='0' role='region' aria-label='Scores'><table><thead><tr>"
        f"<th scope='col'>plugin</th>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
        f"<details><summary>Definitions</summary><dl>{definitions}</dl></details>"
    )


def _best(metric: MetricSpec, rows: list[PluginResult]) -> float | None:
    values = [row.scores[metric.name] for row in rows if metric.name in row.scores]
    if metric.higher_is_better is None or len(values) < 2:
        return None
    return max(values) if metric.higher_is_better else min(values)


def _cell(metric: MetricSpec, row: PluginResult, best: float | None) -> str:
    value = row.scores.get(metric.name)
    if value is None:
        return "<td>–</td>"
    text = f"{value:.{metric.digits}f}"
    return f"<td><b>{text}</b></td>" if value == best else f"<td>{text}</td>"
