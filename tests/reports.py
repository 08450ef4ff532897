"""A made-up report: three plugins, six pictures, and hostile names on demand."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

from colortk.harness.records import MetricInfo
from colortk.harness.second_predictions import RepeatSettings
from colortk.harness.statistics import MetricMean
from colortk.harness.summary import ComparisonSummary
from colortk.harness.summary_rows import (
    Failure,
    PairDifference,
    PluginRow,
    PredictionSeconds,
    ProtocolInfo,
    RankedPlugin,
    ScoreRecord,
    VerdictSummary,
)
from colortk.report.comparison_page import page
from colortk.report.picture_images import PictureImages

HOSTILE = "</script><img src=x onerror=\"document.title='caught'\"><b>'&amp;.jpg"
PLUGINS = {"good": 3.0, "fair": 4.0, "poor": 9.0}
PICTURES = 6
#: Gray levels of the ΔE94 maps: a constant difference of 0.4, 1.6 and 51.
LEVELS = {"good": 2, "fair": 8, "poor": 255}


def jpeg(color: tuple[int, int, int] | int, mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    Image.new(mode, (144, 144), color).save(file, "JPEG", quality=90)
    return file.getvalue()


def make_report(labels: dict[str, str] | None = None) -> ComparisonSummary:
    """Three plugins, six pictures; the third failed on the last, the second has no SSIM."""
    label = (labels or {}).get
    values = {
        name: [base + k / (5 if name == "poor" else 10) for k in range(PICTURES)]
        for name, base in PLUGINS.items()
    }
    records, failures = [], []
    for k in range(PICTURES):
        for name in PLUGINS:
            broken = (name, k) == ("poor", PICTURES - 1)
            error = "it broke" if broken else None
            scores = {} if broken else {"lpips": values[name][k], "psnr": 30 - values[name][k]}
            records.append(
                ScoreRecord(
                    f"{k:064x}",
                    f"photo{k}.jpg",
                    label(name, name),
                    False,
                    scores,
                    {},
                    0.1,
                    None,
                    error,
                )
            )
            if broken:
                failures.append(Failure(f"photo{k}.jpg", label(name, name), "it broke"))

    def mean(name: str, sign: int, offset: float) -> MetricMean:
        mine = sign * np.array(values[name][: PICTURES - (name == "poor")]) + offset
        ends = float(mine.min()), float(mine.max())
        return MetricMean(float(mine.mean()), float(np.median(mine)), ends, len(mine))

    def verdict(*rows: tuple[str, int | None, str]) -> VerdictSummary:
        ranked = [
            RankedPlugin(label(n, n), rank, letter, PICTURES - (n == "poor"))
            for n, rank, letter in rows
        ]
        rest = [
            RankedPlugin(label(n, n), None, "", 0)
            for n in PLUGINS
            if n not in {row[0] for row in rows}
        ]
        return VerdictSummary(1, PICTURES, ranked + rest)

    def pair(
        first: str, second: str, mean: float, low: float, high: float, apart: bool
    ) -> PairDifference:
        n = PICTURES - (second == "poor")
        return PairDifference(
            label(first, first), label(second, second), mean, (low, high),
            0.01 if apart else 0.2, apart, n, 0, 0, n,
        )  # fmt: skip

    def info(label: str, higher: bool | None, digits: int, unit: str = "") -> MetricInfo:
        return MetricInfo("For tests", label, label, unit, higher, digits, False, "")

    plugins = [
        PluginRow(
            name=label(name, name), plugin=name, artifact="a" * 64, summary=f"The {name} one",
            version="0.1.0", options={"k": 2} if name == "fair" else {}, rank=None, group=letter,
            n=PICTURES - (name == "poor"), failed=int(name == "poor"),
            metrics={"lpips": mean(name, 1, 0), "psnr": mean(name, -1, 30)},
            seconds=PredictionSeconds(second, second), peak_memory=100_000_000,
            colorfulness_gap=None, repeats=None, sealed={},
        )
        for name, letter, second in (("good", "a", 0.5), ("fair", "a", 0.05), ("poor", "", 0.002))
    ]  # fmt: skip
    plugins[0].metrics["ssim"] = MetricMean(0.9, 0.9, None, 1)
    return ComparisonSummary(
        colortk="0", kind="pictures", protocol=ProtocolInfo("v2", "f" * 64, {"size": 256}),
        images=PICTURES, candidates=PICTURES, common=False, gray_originals=["photo2.jpg"],
        gray_rule="left out", gray_only=False, enlarged=0, repeated=0, same_pixels={}, computed=0,
        loading_seconds=0.0, repeats=RepeatSettings(20, 0.01, 0.0), ranking_metric="lpips",
        level=0.95, comparisons=1, family=[], baseline=None, shown=None,
        metrics={
            "lpips": info("LPIPS", False, 4), "ssim": info("SSIM", True, 3),
            "psnr": info("PSNR", True, 2, "dB"), "mae": info("MAE", False, 2),
            "colorfulness": info("CF", None, 2),
        },
        plugins=plugins, paired=[], failures=failures, metric_failures=[], unavailable=[],
        records=records,
        verdicts={
            "lpips": verdict(("good", None, "a"), ("fair", None, "a"), ("poor", None, "")),
            "psnr": verdict(("fair", 1, "a"), ("good", 2, "b"), ("poor", None, "")),
            "ssim": verdict(("good", None, "")), "mae": verdict(), "colorfulness": verdict(),
        },
        pairs={
            "lpips": [
                pair("good", "fair", -1.0, -7.0, 0.5, False), pair("good", "poor", -6.2, -7.0, -0.5, True),
                pair("fair", "poor", -5.2, -7.0, -0.5, True),
            ],
            "psnr": [
                pair("good", "fair", -1.5, -2.0, -1.0, True), pair("good", "poor", 6.2, 0.5, 7.0, True),
                pair("fair", "poor", 5.2, 0.5, 7.0, True),
            ],
        },
    )  # fmt: skip


def make_sheets(names: dict[int, str] | None = None, labels: dict[str, str] | None = None) -> Iterator[PictureImages]:  # fmt: skip
    colors = {"good": (200, 40, 40), "fair": (40, 160, 40), "poor": (40, 40, 200)}
    for k in range(PICTURES):
        ran = {n: (labels or {}).get(n, n) for n in PLUGINS if (n, k) != ("poor", PICTURES - 1)}
        yield PictureImages(
            f"{k:064x}",
            (names or {}).get(k, f"photo{k}.jpg"),
            jpeg(100 + k, "L"),
            jpeg((90, 120, 10 * k)),
            near_gray=k == 2,
            results={label: jpeg(colors[name]) for name, label in ran.items()},
            heats={label: jpeg(LEVELS[name], "L") for name, label in ran.items()},
        )


def make_histograms() -> dict[str, list[list[int]]]:
    counts = np.zeros((22, 22), int)
    counts[16, 8] = 1000  # a* 50..60, b* -30..-20
    return {name: counts.tolist() for name in ("truth", *PLUGINS)}


def html_of(**changes: Any) -> str:
    given = {"summary": make_report(), "sheets": make_sheets(), "histograms": make_histograms()}
    return "".join(page(**{**given, **changes}))
