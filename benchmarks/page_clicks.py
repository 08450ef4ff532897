"""Where the time of a click on "Set colors" goes, in Chromium, for a picture of one megapixel.

    python benchmarks/page_clicks.py [--clicks 9] [--megapixels 1]

Every click sets one more point. Four stages lead to the changed picture. The last column is the share
of each in the time from click to picture. The peer is the time from the same click until the file for
the download is ready. Medians of one run; needs Gradio, Playwright and a Chromium.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from pictures import enlarged, sides

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from pages import Visitor, browsing, serving

#: Notes the times of a click, of Gradio's request, of the message, and of the decoded picture.
WATCH = """
    window.marks = {};
    const mark = (name) => { window.marks[name] ??= performance.now(); };
    document.addEventListener("pointerdown", () => { window.marks = {}; mark("click"); }, true);
    const fetched = window.fetch;
    window.fetch = (...values) => {
        if (String(values[0]?.url ?? values[0]).includes("/queue/join")) mark("sent");
        return fetched(...values);
    };
    const parse = JSON.parse;
    JSON.parse = (...values) => {
        const message = parse(...values);
        if (message?.msg === "process_completed" && window.marks.sent)
            window.marks.computed ??= window.marks.sent + 1000 * (message.output?.duration ?? 0);
        return message;
    };
    document.addEventListener("colortk-view", () => mark("received"));
    document.addEventListener("load", ({ target }) => {
        if (target.matches?.("#hint-editor .stage img")) target.decode().then(() => mark("shown"));
    }, true);
"""
READY = """
    document.querySelector(".summary [data-revision]")?.dataset.revision ===
        String(window.colortkChanges ?? 0) && !document.querySelector("#download").disabled &&
        performance.now()
"""
#: Names of the stages, and the marks between which they lie.
STAGES = {
    "browser, until the request": ("click", "sent"),
    "server, the new picture": ("sent", "computed"),
    "Gradio's queue and transfer": ("computed", "received"),
    "browser, until it is shown": ("received", "shown"),
}


def measured(me: Visitor, clicks: int) -> tuple[list[dict[str, float]], list[float]]:
    """Return the marks of each click, and the milliseconds until its file was ready."""
    image: Any = me.page.locator("#hint-editor .stage img")
    box = image.bounding_box()
    marks, ready = [], []
    for number in range(clicks + 1):
        x = (0.1 + 0.8 * number / (clicks + 1)) * box["width"]
        image.click(position={"x": x, "y": (0.2 + 0.6 * (number % 3) / 2) * box["height"]})
        me.page.wait_for_function("window.marks.shown && window.marks.sent")
        end = me.page.wait_for_function(READY).json_value()
        marks.append(me.page.evaluate("window.marks"))
        ready.append(end - marks[-1]["click"])
    return marks[1:], ready[1:]  # the first click is that of a fresh page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clicks", type=int, default=9)
    parser.add_argument("--megapixels", type=float, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        source = enlarged(folder / "photograph.jpg", *sides(arguments.megapixels), "RGB")
        with serving("-p", "mean_color", folder=folder) as page, browsing() as browser:
            me = Visitor(browser, page.address)
            me.page.evaluate(WATCH)
            me.give(source)
            me.page.locator("#download").wait_for()
            me.tab("Set colors")
            me.page.locator("#hint-editor .stage img").wait_for()
            marks, ready = measured(me, arguments.clicks)
    total = median(mark["shown"] - mark["click"] for mark in marks)
    for name, (first, last) in STAGES.items():
        stage = median(mark[last] - mark[first] for mark in marks)
        print(f"{name:40}{stage:8.0f} ms {stage / total:6.0%}")
    print(f"{'click to picture':40}{total:8.0f} ms")
    print(
        f"{'click to file':40}{median(ready):8.0f} ms, picture / file {total / median(ready):.2f}"
    )


if __name__ == "__main__":
    main()
