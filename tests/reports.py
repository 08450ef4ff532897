"""A report to look at: three plugins, six pictures, and hostile names on demand."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

from colortk.report.html import Sheet, write

HOSTILE = "</script><img src=x onerror=\"document.title='caught'\"><b>'&amp;.jpg"
PLUGINS = {"good": 3.0, "fair": 4.0, "poor": 9.0}
PICTURES = 6
#: Grey levels of the ΔE94 maps: a constant difference of 0.4, 1.6 and 51.
LEVELS = {"good": 2, "fair": 8, "poor": 255}


def jpeg(colour: tuple[int, int, int] | int, mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    Image.new(mode, (144, 144), colour).save(file, "JPEG", quality=90)
    return file.getvalue()


def make_report(labels: dict[str, str] | None = None) -> dict[str, Any]:
    """Three plugins, six pictures; the third failed on the last, the second has no SSIM."""
    label = (labels or {}).get
    values = {
        name: [base + k / (5 if name == "poor" else 10) for k in range(PICTURES)]
        for name, base in PLUGINS.items()
    }
    records, failures = [], []
    for k in range(PICTURES):
        for name in PLUGINS:
            row: dict[str, Any] = {
                "picture": f"{k:064x}", "name": f"photo{k}.jpg", "plugin": label(name, name),
                "metrics": {"lpips": values[name][k], "psnr": 30 - values[name][k]}, "seconds": 0.1, "error": None,
            }  # fmt: skip
            if (name, k) == ("poor", PICTURES - 1):
                row |= {"metrics": {}, "seconds": None, "error": "it broke"}
                failures.append({key: row[key] for key in ("picture", "name", "plugin", "error")})
            records.append(row)

    def metric(name: str, sign: int, offset: float) -> dict[str, Any]:
        mine = sign * np.array(values[name][: PICTURES - (name == "poor")]) + offset
        ends = [float(mine.min()), float(mine.max())]
        return {"mean": float(mine.mean()), "median": float(np.median(mine)), "ci95": ends, "n": len(mine)}  # fmt: skip

    def verdict(*rows: tuple[str, int | None, str]) -> dict[str, Any]:
        found = [
            {"name": label(n, n), "rank": rank, "group": letter, "n": PICTURES - (n == "poor")}
            for n, rank, letter in rows
        ]
        rest = [
            {"name": label(n, n), "rank": None, "group": "", "n": 0}
            for n in PLUGINS
            if n not in {r[0] for r in rows}
        ]
        return {"comparisons": 1, "pictures": PICTURES, "plugins": found + rest}

    def pair(
        first: str, second: str, mean: float, low: float, high: float, apart: bool
    ) -> dict[str, Any]:
        n = PICTURES - (second == "poor")
        return {
            "first": label(first, first), "second": label(second, second), "difference": mean,
            "ci95": [low, high], "p": 0.01 if apart else 0.2, "separated": apart,
            "wins": n, "ties": 0, "losses": 0, "n": n,
        }  # fmt: skip

    plugins = [
        {
            "name": label(name, name), "artifact": "a" * 64, "summary": f"The {name} one",
            "version": "0.1.0", "options": {"k": 2} if name == "fair" else {},
            "rank": rank, "group": letter, "n": PICTURES - (name == "poor"), "failed": int(name == "poor"),
            "metrics": {"lpips": metric(name, 1, 0), "psnr": metric(name, -1, 30)},
            "seconds": {"mean": second, "median": second}, "peak_memory": 100_000_000,
            "colorfulness_gap": None,
        }
        for name, rank, letter, second in (
            ("good", None, "a", 0.5), ("fair", None, "a", 0.05), ("poor", None, "", 0.002),
        )
    ]  # fmt: skip
    plugins[0]["metrics"]["ssim"] = {"mean": 0.9, "median": 0.9, "ci95": None, "n": 1}
    about = {"summary": "For tests", "unit": "", "chroma": False}
    return {
        "protocol": {"name": "v2", "hash": "f" * 64, "definition": {"size": 256}},
        "kind": "pictures", "images": PICTURES, "candidates": PICTURES, "common": False, "enlarged": 0,
        "gray_originals": ["photo2.jpg"], "gray_rule": "left out", "gray_only": False,
        "ranking_metric": "lpips", "comparisons": 1, "family": [], "baseline": None, "shown": None,
        "metrics": {
            "lpips": {**about, "label": "LPIPS", "higher_is_better": False, "digits": 4},
            "ssim": {**about, "label": "SSIM", "higher_is_better": True, "digits": 3},
            "psnr": {**about, "label": "PSNR", "unit": "dB", "higher_is_better": True, "digits": 2},
            "mae": {**about, "label": "MAE", "higher_is_better": False, "digits": 2},
            "colorfulness": {**about, "label": "CF", "higher_is_better": None, "digits": 2},
        },
        "plugins": plugins,
        "paired": [],
        "verdicts": {
            "lpips": verdict(("good", None, "a"), ("fair", None, "a"), ("poor", None, "")),
            "psnr": verdict(("fair", 1, "a"), ("good", 2, "b"), ("poor", None, "")),
            "ssim": verdict(("good", None, "")), "mae": verdict(), "colorfulness": verdict(),
        },
        "pairs": {
            "lpips": [
                pair("good", "fair", -1.0, -7.0, 0.5, False), pair("good", "poor", -6.2, -7.0, -0.5, True),
                pair("fair", "poor", -5.2, -7.0, -0.5, True),
            ],
            "psnr": [
                pair("good", "fair", -1.5, -2.0, -1.0, True), pair("good", "poor", 6.2, 0.5, 7.0, True),
                pair("fair", "poor", 5.2, 0.5, 7.0, True),
            ],
        },
        "records": records,
        "failures": failures,
    }  # fmt: skip


def make_sheets(names: dict[int, str] | None = None, labels: dict[str, str] | None = None) -> Iterator[Sheet]:  # fmt: skip
    colours = {"good": (200, 40, 40), "fair": (40, 160, 40), "poor": (40, 40, 200)}
    for k in range(PICTURES):
        ran = {n: (labels or {}).get(n, n) for n in PLUGINS if (n, k) != ("poor", PICTURES - 1)}
        yield Sheet(
            f"{k:064x}",
            (names or {}).get(k, f"photo{k}.jpg"),
            jpeg(100 + k, "L"),
            jpeg((90, 120, 10 * k)),
            near_gray=k == 2,
            results={label: jpeg(colours[name]) for name, label in ran.items()},
            heats={label: jpeg(LEVELS[name], "L") for name, label in ran.items()},
        )


def make_histograms() -> dict[str, list[list[int]]]:
    counts = np.zeros((22, 22), int)
    counts[16, 8] = 1000  # a* 50..60, b* -30..-20
    return {name: counts.tolist() for name in ("truth", *PLUGINS)}


def html_of(**changes: Any) -> str:
    file = io.StringIO()
    given = {"report": make_report(), "sheets": make_sheets(), "histograms": make_histograms()}
    write(file, **{**given, **changes})
    return file.getvalue()
