"""``colortk compare``: the same pictures, the same scores, for every plugin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from colortk.cli.common import JSON, print_json, progress, table
from colortk.cli.main import say

METRICS = ("psnr", "ssim", "delta_e94", "ab_rmse")


@click.command("compare", short_help="Score plugins on the same pictures.")
@click.argument("places", nargs=-1, type=click.Path(path_type=Path), metavar="[PICTURE|DIR]...")
@click.option("--plugin", "-p", "plugins", multiple=True, help="A plugin to score; repeatable.")
@click.option("--all", "every", is_flag=True, help="Score every plugin. [default without -p]")
@click.option(
    "--baseline",
    default="mean_color",
    show_default=True,
    help="Plugin that the others are paired with.",
)
@click.option(
    "--refine",
    default="ratio",
    show_default=True,
    metavar="ratio|slide|none",
    help="Chrominance refinement.",
)
@click.option(
    "--size",
    default=256,
    show_default=True,
    type=click.IntRange(16),
    help="Short side; the middle square is scored.",
)
@click.option("--native", is_flag=True, help="Score pictures whole, at their own size.")
@JSON
def command(
    places: tuple[Path, ...],
    plugins: tuple[str, ...],
    every: bool,
    baseline: str,
    refine: str,
    size: int,
    native: bool,
    as_json: bool,
) -> int:
    """Score plugins on colour pictures: each gets their L* alone and is scored against them.

    Without pictures, the photographs of `colortk samples` are used. Intervals are 95 %
    bootstrap intervals over pictures; differences to the baseline are paired.

    \b
    colortk compare photographs/ --all
    colortk compare photographs/ -p sift_mlp -p mean_color --json
    """
    from colortk.errors import ColortkError
    from colortk.harness.runner import pictures, score
    from colortk.host import registry
    from colortk.loading import Loaded, Request, load
    from colortk.pipeline import refiner
    from colortk.samples import photographs
    from colortk.spec import ColorizerSpec

    if not places:
        places = tuple(photographs().values())
        say(
            f"no pictures given: using the {len(places)} of scikit-learn, too few to prove anything"
        )
    paths = pictures(places)
    names = list(plugins) if plugins and not every else sorted(registry().of(ColorizerSpec))
    if baseline not in names:
        registry().colorizer(baseline)  # raises: unknown or broken
        names.append(baseline)
    predictors: list[Loaded] = []
    unavailable = []
    for name in names:
        try:
            predictors.append(load(Request(name)))
        except ColortkError as error:
            if plugins and not every:
                raise
            unavailable.append({"name": name, "error": str(error)})
            say(f"left out: {error}")
    rows = []
    with progress("scoring", len(paths) * len(predictors)) as advance:
        for row in score(
            paths, predictors, refiner(refine), list(METRICS), None if native else size
        ):
            advance(1)
            rows.append(row)
            if row.error:
                say(row.error if not row.plugin else f"{row.picture}: {row.error}")
    report = _report(rows, [p.spec.name for p in predictors], baseline)
    report |= {
        "images": len(paths),
        "size": None if native else size,
        "refine": refine,
        "unavailable": unavailable,
    }
    if as_json:
        print_json(report, indent=1)
    else:
        _print(report, baseline)
    return 1 if any(row.error for row in rows) else 0


def _report(rows: list[Any], names: list[str], baseline: str) -> dict[str, Any]:
    from colortk.harness.summary import by_plugin, estimate, mse_ratio, paired

    listed = []
    for name in names:
        mine = [row for row in rows if row.plugin == name]
        entry: dict[str, Any] = {
            "name": name,
            "failed": sum(row.error is not None for row in mine),
            "metrics": {},
            "paired": {},
        }
        seconds = sorted(row.seconds for row in mine if not row.error)
        entry["seconds"] = {"median": seconds[len(seconds) // 2]} if seconds else {}
        for metric in METRICS:
            values = by_plugin(mine, metric).get(name)
            if not values:
                continue
            found = estimate(list(values.values()))  # type: ignore[arg-type]
            entry["metrics"][metric] = {"mean": found.mean, "ci95": [found.low, found.high]}
            difference = None if name == baseline else paired(rows, metric, name, baseline)
            if difference is not None:
                entry["paired"][metric] = {
                    "mean": difference.mean,
                    "ci95": [difference.low, difference.high],
                }
        entry["ab_mse_ratio"] = mse_ratio(rows, name, baseline)
        listed.append(entry)
    return {"baseline": baseline, "plugins": listed}


def _print(report: dict[str, Any], baseline: str) -> None:
    first = sorted(
        report["plugins"], key=lambda p: p["metrics"].get("ab_rmse", {}).get("mean", 1e9)
    )
    table(
        f"{report['images']} pictures, mean (± half of the 95 % interval)",
        ["plugin", "PSNR ↑", "SSIM ↑", "ΔE94 ↓", "ab-RMSE ↓", "failed", "s/picture"],
        [
            [
                entry["name"],
                *(_cell(entry["metrics"].get(m), 3 if m == "ssim" else 2) for m in METRICS),
                entry["failed"],
                f"{entry['seconds'].get('median', float('nan')):.3f}",
            ]
            for entry in first
        ],
    )
    others = [entry for entry in first if entry["paired"]]
    if others:
        table(
            f"difference to {baseline}, paired [95 % interval]",
            ["plugin", "PSNR", "SSIM", "ΔE94", "ab-RMSE", "ab-MSE ratio"],
            [
                [
                    entry["name"],
                    *(_interval(entry["paired"].get(m), 4 if m == "ssim" else 3) for m in METRICS),
                    "" if entry["ab_mse_ratio"] is None else f"{entry['ab_mse_ratio']:.4f}",
                ]
                for entry in others
            ],
        )


def _cell(value: dict[str, Any] | None, digits: int) -> str:
    if value is None:
        return "-"
    half = (value["ci95"][1] - value["ci95"][0]) / 2
    return f"{value['mean']:.{digits}f} ± {half:.{digits}f}"


def _interval(value: dict[str, Any] | None, digits: int) -> str:
    if value is None:
        return "-"
    low, high = value["ci95"]
    return f"{value['mean']:+.{digits}f} [{low:+.{digits}f}, {high:+.{digits}f}]"
