"""Writes what a survey found as one HTML file that loads nothing and runs no script."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import numpy as np
from PIL import Image

from colortk.harness.thumbnails import thumbnail
from colortk.report.html import digest_of
from colortk.report.html_table import escape
from colortk.report.survey_tables import (
    ABOUT_INTERVALS,
    exclusions,
    interval,
    percent,
    plural,
    without_interval,
)
from colortk.survey.session import Survey

#: Raters under which the shares prove little.
FEW = 10
#: Units of a share's bar, and its height.
WIDTH, HEIGHT = 200, 14


def page(survey: Survey, report: dict[str, Any]) -> Iterator[str]:
    """The page in pieces, in order. ``report``: as ``findings`` gives it."""
    style = files(__package__).joinpath("report.css").read_text("utf-8")
    style += files(__package__).joinpath("survey_page.css").read_text("utf-8")
    values: dict[str, str | Iterator[str]] = {
        "policy": "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
        f"style-src '{digest_of(style)}'",
        "title": escape(f"Survey {report['survey']}: {report['question']}"),
        "style": style,
        "head": _head(report),
        "intervals": escape(ABOUT_INTERVALS),
        "conditions": _conditions(report),
        "pictures": _pictures(survey, report),
        "raters": _raters(report),
    }
    template = files(__package__).joinpath("survey_page.html").read_text("utf-8")
    for k, part in enumerate(re.split(r"\{\{(\w+)\}\}", template)):
        value = values[part] if k % 2 else part
        yield from [value] if isinstance(value, str) else value


def _head(report: dict[str, Any]) -> str:
    raters, seconds = report["raters"], report["seconds_median"]
    counts = [
        (plural(raters["counted"], "rater"), f"{raters['finished']} of {raters['came']} finished"),
        (plural(report["answers"], "answer"), "" if seconds is None else f"median {seconds:.1f} s"),
        (plural(len(report["pictures"]), "picture"), f"{report['each']} shown to each rater"),
        (f"{len(report['left_out'])} left out", "nearly grey, unreadable or not colorized"),
    ]
    items = "".join(f"<li><b>{escape(b)}</b><span>{escape(s)}</span></li>" for b, s in counts)
    warnings = []
    if raters["counted"] < FEW:
        warnings.append(f"{plural(raters['counted'], 'rater')}: so few prove little.")
    warnings += without_interval(report)
    if raters["uniform"]:
        warnings.append(" ".join(exclusions(report)))
    told = "".join(f'<p class="warning" role="note">{escape(line)}</p>' for line in warnings)
    protocol = report["protocol"]
    left_out = "".join(
        f"<dt>{escape(one['name'])}</dt><dd>{escape(one['why'])}</dd>" for one in report["left_out"]
    )
    more = f"<details><summary>Left out</summary><dl>{left_out}</dl></details>" if left_out else ""
    return (
        f"<h1>“{escape(report['question'])}”</h1>"
        f'<p class="protocol">Survey <b>{escape(report["survey"])}</b>, created'
        f" {escape(report['created'][:10])}, seed {report['seed']}, protocol"
        f" <b>{escape(protocol['name'])}</b> <code>{escape(protocol['hash'])}</code>"
        f" colortk {escape(report['colortk'])}</p>"
        f'<ul class="counts">{items}</ul>{told}{more}'
    )


def _conditions(report: dict[str, Any]) -> str:
    base = report["conditions"][0]["share"]
    about = {plugin["label"]: plugin for plugin in report["plugins"]}
    rows = []
    for row in report["conditions"]:
        plugin = about.get(row["name"]) if row["colorized"] else None
        note = f"version {plugin['version']}" if plugin else "the original colours"
        against = "–"
        if row["colorized"] and row["difference"] is not None:
            against = _signed(percent(row["difference"], True)) + "".join(
                f"<small>{_signed(interval(bounds, True))}</small>"
                for bounds in filter(None, [row["difference_ci95"]])
            )
        rows.append(
            f'<tr><th scope="row">{escape(row["name"])}<small>{escape(note)}</small></th>'
            f"<td>{percent(row['share'])}<small>{interval(row['ci95'])}</small>"
            f"<small>{row['real']:,} of {row['answers']:,}</small></td>"
            f'<td>{against}</td><td class="range">{_bar(row, base)}</td></tr>'
        )
    titles = "".join(
        f'<th scope="col">{title}</th>' for title in ("shown", "called real", "minus real")
    )
    ends = '<th scope="col" class="range"><span><i>0</i><i>100 %</i></span></th>'
    return f"<table><thead><tr>{titles}{ends}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _signed(text: str) -> str:
    return text.replace("-", "−")


def _bar(row: dict[str, Any], base: float | None) -> str:
    """A share with its interval from 0 to 100 %, and the real pictures' share as a dashed line."""
    if row["share"] is None:
        return ""
    low, high = (WIDTH * bound for bound in row["ci95"] or [row["share"]] * 2)
    middle, y = WIDTH * row["share"], HEIGHT / 2
    kind = "" if row.get("colorized", row["name"] != "real") else ' class="real"'
    line = (
        ""
        if base is None
        else f'<line class="zero" x1="{WIDTH * base:.1f}" x2="{WIDTH * base:.1f}" y1="0" y2="{HEIGHT}"/>'
    )
    return (
        f'<svg class="share" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img"'
        f' aria-label="{percent(row["share"])}, {interval(row["ci95"])}">'
        f'<line class="grid" x1="0" x2="{WIDTH}" y1="{y}" y2="{y}"/>{line}'
        f'<g{kind}><line class="interval" x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}"/>'
        f'<rect class="point" x="{middle - 1.5:.1f}" y="1" width="3" height="{HEIGHT - 2}"/></g></svg>'
    )


def _pictures(survey: Survey, report: dict[str, Any]) -> Iterator[str]:
    """The pictures, those that fool most first; undecided ones as they were drawn."""

    def fooled(place: int) -> float:
        rows = [r for r in report["pictures"][place]["conditions"][1:] if r["answers"]]
        return sum(r["share"] for r in rows) / len(rows) if rows else -1.0

    order = sorted(range(len(report["pictures"])), key=lambda place: -fooled(place))
    for place in order:
        picture, subject = report["pictures"][place], survey.description.pictures[place]
        tiles = []
        for k, (row, shown) in enumerate(zip(picture["conditions"], subject.versions, strict=True)):
            pixels = np.asarray(Image.open(io.BytesIO(survey.content(shown))))
            image = base64.b64encode(thumbnail(pixels)).decode("ascii")
            share = "no answer" if row["share"] is None else percent(row["share"])
            detail = (
                f"{row['real']} of {row['answers']}, {interval(row['ci95'])}"
                if row["answers"]
                else "&nbsp;"
            )
            tiles.append(
                f'<figure><img src="data:image/jpeg;base64,{image}" alt="{escape(row["name"])}'
                f' of {escape(picture["name"])}" width="128" height="128">'
                f"<figcaption><span>{escape(row['name'])}</span><b>{share}</b><span>{detail}</span>"
                f"{_bar({**row, 'colorized': k > 0}, None)}</figcaption></figure>"
            )
        flag = ' <span class="flag">enlarged</span>' if picture["enlarged"] else ""
        yield (
            f'<li><h3>{escape(picture["name"])}{flag}</h3><div class="tiles">'
            f"{''.join(tiles)}</div></li>\n"
        )


def _raters(report: dict[str, Any]) -> str:
    raters = report["raters"]
    text = (
        f"<p>{raters['came']} began, {raters['answered']} answered something,"
        f" {raters['finished']} finished.</p>"
    )
    text += f"<p>{escape(' '.join(exclusions(report)))}</p>"
    if not raters["uniform"]:
        return text
    rows = "".join(
        f'<tr><th scope="row">{row["rater"]}</th><td>{row["answers"]}</td>'
        f"<td>{'real' if row['real'] else 'not real'}</td></tr>"
        for row in raters["uniform"]
    )
    titles = "".join(f'<th scope="col">{t}</th>' for t in ("rater", "answers", "each of them"))
    return (
        f'{text}<div class="wide"><table><thead><tr>{titles}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )
