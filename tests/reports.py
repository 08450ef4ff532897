"""A report to look at: three plugins, six pictures, and hostile names on demand."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

from colortk.harness.report.html import Sheet, write

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

    plugins = [
        {
            "name": label(name, name), "artifact": "a" * 64, "summary": f"The {name} one",
            "version": "0.1.0", "options": {"k": 2} if name == "fair" else {},
            "rank": rank, "failed": int(name == "poor"),
            "metrics": {"lpips": metric(name, 1, 0), "psnr": metric(name, -1, 30)},
            "seconds": {"mean": second, "median": second}, "peak_memory": 100_000_000,
        }
        for name, rank, second in (("good", 1, 0.5), ("fair", 1, 0.05), ("poor", 3, 0.002))
    ]  # fmt: skip
    plugins[0]["metrics"]["ssim"] = {"mean": 0.9, "median": 0.9, "ci95": None, "n": 1}
    about = {"summary": "For tests", "unit": "", "chroma": False}
    return {
        "protocol": {"name": "v1", "hash": "f" * 64, "definition": {"size": 256}},
        "images": PICTURES, "near_grey": 1, "enlarged": 0, "lead": "lpips",
        "metrics": {
            "lpips": {**about, "label": "LPIPS", "higher_is_better": False, "digits": 4},
            "ssim": {**about, "label": "SSIM", "higher_is_better": True, "digits": 3},
            "psnr": {**about, "label": "PSNR", "unit": "dB", "higher_is_better": True, "digits": 2},
            "mae": {**about, "label": "MAE", "higher_is_better": False, "digits": 2},
            "colorfulness": {**about, "label": "CF", "higher_is_better": None, "digits": 2},
        },
        "plugins": plugins,
        "paired": [
            {
                "plugin": label(name, name), "best": label("good", "good"), "metric": "lpips",
                "difference": difference, "ci95": [0.5, 7.0], "p": 0.01,
                "wins": 0, "ties": 0, "losses": n, "n": n,
            }
            for name, difference, n in (("fair", 1.0, PICTURES), ("poor", 6.2, PICTURES - 1))
        ],
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
            near_grey=k == 2,
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
