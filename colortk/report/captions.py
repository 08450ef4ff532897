"""What is printed beside a table: what was scored, how to read it, and what measures depend on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from colortk.harness import sealing
from colortk.harness.comparison import FEW
from colortk.harness.films.film_variants import STEADIED
from colortk.harness.intervals import FEWEST
from colortk.harness.records import readable
from colortk.harness.second_predictions import repeat_notes

#: Gray originals that a caption names at most; JSON and HTML name all.
NAMED = 20


def caption(report: dict[str, Any]) -> list[str]:
    """What was scored, in a few lines; what to be careful about among them."""
    protocol, films = report["protocol"], of_films(report)
    one = "film" if films else "picture"
    what = count(report["images"], one)
    if report["gray_only"]:
        what = f"{count(report['images'], 'gray original')}, of which nothing but gray is right"
    if films:
        frames = sum(film["frames"] for film in report["originals"] if film["scored"])
        what += f", {count(frames, 'frame')}"
    lines = [f"protocol {protocol['name']} ({protocol['hash'][:12]}), {what}"]
    if report["common"]:
        lines.append(
            f"the {report['images']} of {count(report['candidates'], one)} that every plugin"
            f" has a score of"
        )
    if films and any(entry["name"].endswith(STEADIED) for entry in report["plugins"]):
        lines.append(f"NAME{STEADIED}: colors averaged along motion, as colortk video does")
    if not report["gray_only"]:
        lines += gray_lines(report)
    if report["enlarged"]:
        were = "was" if report["enlarged"] == 1 else "were"
        lines.append(f"{report['enlarged']} {were} smaller than the protocol's size and enlarged")
    if report["repeated"]:
        lines.append(f"{report['repeated']} more have the content of another and were left out")
    lines += [
        f"left out: '{name}' has the pixels of '{other}'"
        for name, other in list(report["same_pixels"].items())[:FEW]
    ]
    if report["images"] < FEW:
        lines.append(f"so few {'films' if films else 'pictures'} prove little")
    return lines + repeat_notes(report) + sealing.notes(report)


def gray_lines(report: dict[str, Any]) -> list[str]:
    """Which originals are gray, and what became of them."""
    names = [Path(readable(name)).name for name in report["gray_originals"]]
    if not names:
        return []
    shown = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if names[NAMED:] else "")
    verdict = {
        "left out": "left out of every measure (--keep-gray scores them in a table of their own)",
        "separate table": "scored in a table of their own",
        "counted": "counted in every measure",
    }.get(report["gray_rule"], report["gray_rule"])
    return [f"{count(len(names), 'gray original')}, {verdict}: {shown}"]


def verdict_lines(report: dict[str, Any]) -> list[str]:
    """How to read ranks and groups, and what does not have any, in lines."""
    metric = report["metrics"][report["ranking_metric"]]
    if metric["higher_is_better"] is None:
        return [f"{metric['label']} has no better end: nobody is ranked"]
    better = "higher" if metric["higher_is_better"] else "lower"
    lines = [
        f"ranked by {metric['label']} ({better} is better); rows are in the order of its mean",
        f"{count(report['comparisons'], 'comparison')} of two plugins, each by itself at the"
        f" 95 % level{_but_family(report)}",
        "the pictures tell two plugins apart if the 95 % interval of their mean paired difference"
        f" leaves out 0{', in the family if the corrected p is at most 0.05' * bool(report['family'])}",
        "two plugins that they do not tell apart have a letter of their group in common, two that"
        " they tell apart have none; the letters have no order",
        "a rank is printed where a plugin is told apart from every other one",
    ]
    if of_films(report):
        lines[2] = lines[2].replace("pictures", "films", 1)
    lacking = [e for e in report["plugins"] if e["n"] != report["images"]]
    most = max((e["n"] for e in report["plugins"]), default=0)
    without = [e for e in lacking if e["n"] < most or not e["group"]]
    if without:
        named = ", ".join(f"{e['name']} ({e['n']} of {report['images']})" for e in without)
        lines.append(f"no rank, no group: {named}; compared on what both have")
        if "common" in report:
            lines[-1] += " (--common scores all plugins on what every plugin has)"
    if 0 < most < FEWEST:
        lines.append(
            f"under {FEWEST} {report['kind']}: intervals are Student's t, which holds for roughly"
            " normal differences alone, clipped to the values that the measure can have"
        )
    return lines


def pairing_title(report: dict[str, Any], metrics: Sequence[str]) -> str:
    """What the table of differences shows, and how many comparisons it makes."""
    made = sum(row["metric"] in metrics for row in report["paired"])
    return (
        f"minus {report['paired'][0]['best']}, paired: {count(made, 'comparison')},"
        f" each by itself at the 95 % level{_but_family(report)}"
    )


def definitions(report: dict[str, Any], metrics: Sequence[str]) -> list[str]:
    """What every measure of a table depends on, one line each, as printed under the table."""
    return [
        f"{report['metrics'][m]['label']}: {report['metrics'][m]['definition']}" for m in metrics
    ]


def title(report: dict[str, Any]) -> str:
    """What a part of a comparison is of; nothing for pictures in color."""
    what = "Films" if of_films(report) else "Pictures"
    if report["gray_only"]:
        return f"Gray originals ({what.lower()})"
    return what if of_films(report) else ""


def of_films(report: dict[str, Any]) -> bool:
    """Whether a report is one of films."""
    return report.get("kind") == "films"


def n_of(count: int, images: int) -> str:
    """The pictures that a row is of: all, or so many of them."""
    return str(count) if count == images else f"{count} of {images}"


def count(number: int, what: str) -> str:
    """A number of things, in words."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _but_family(report: dict[str, Any]) -> str:
    if not report["family"]:
        return ""
    return f", but for the family {', '.join(report['family'])}: corrected together (Holm)"
