"""Size of the HTML report, and the time in which Chromium opens it.

    python benchmarks/report.py DIR [--pictures 200]

Eight rows: the built-in plugins and their strengths, on pictures of DIR. Needs playwright and a
Chromium on the path. Best and worst of five cold starts, against an empty page in the same run.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from colortk.io.discovery import find_pictures

ROWS = (
    "gray", "mean_color", "mean_color:strength=2", "sift_mlp", "sift_mlp:strength=0.5",
    "sift_mlp:strength=1.5", "sift_mlp:strength=1.8", "sift_mlp:strength=2",
)  # fmt: skip
COMMAND = [sys.executable, "-c", "from colortk.cli.main import main; main()"]
#: Milliseconds from the start of navigation to the load event.
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"


def opened(page: Path, sheets: bool) -> tuple[float, float]:
    """Return the seconds to the load event, and until the sheet of the first picture is painted."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        start = time.perf_counter()
        tab.goto(page.as_uri())
        load = tab.evaluate(LOADED) / 1000
        if sheets:
            tab.evaluate("document.querySelector('#sheets').scrollIntoView()")
            tab.wait_for_function(
                "() => { const i = document.querySelector('#sheets img'); return i && i.complete; }"
            )
        painted = time.perf_counter() - start
        browser.close()
    return load, painted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, default=200)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        report, empty = folder / "report.html", folder / "empty.html"
        empty.write_text("<!doctype html><title>empty</title>")
        command = [
            *COMMAND,
            "compare",
            *map(str, find_pictures(arguments.folder)[: arguments.pictures]),
        ]
        command += ["--store", str(folder), "--jobs", "2", "--html", str(report)]
        for row in ROWS:
            command += ["-p", row]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        megabytes = report.stat().st_size / 1e6
        print(f"{arguments.pictures} pictures x {len(ROWS)} rows: {megabytes:.1f} MB")
        for name, page in (("empty page", empty), ("report", report)):
            loads, paints = zip(*(opened(page, page is report) for _ in range(5)), strict=True)
            line = f"{name}: load event {min(loads):.2f} to {max(loads):.2f} s"
            if page is report:
                line += f", first sheet painted {min(paints):.2f} to {max(paints):.2f} s"
            print(line)


if __name__ == "__main__":
    main()
