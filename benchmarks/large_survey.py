"""Time and memory of `colortk survey report` for a survey of pairs with many raters.

    python benchmarks/large_survey.py [--raters 200 2000]

Every simulated rater compares all of 100 pictures, of which there are three versions. The answers
are written to the survey's file directly, so that only the report is measured.
"""

from __future__ import annotations

import argparse
import hashlib
import secrets
import sqlite3
import tempfile
from pathlib import Path

import numpy as np

from colortk.survey.description import (
    ANSWERS_FILE,
    PICTURES_FOLDER,
    SURVEY_FILE,
    Shown,
    Subject,
    digest,
)
from colortk.survey.pairs.answers import PairAnswers
from colortk.survey.pairs.description import PAIRS_QUESTION, PairDescription
from colortk.survey.pairs.plan import PairDesign, plan_pairs
from colortk.survey.prepare import encoded
from measurement import COLORTK, ran

PICTURES, LABELS = 100, ("first", "second")
#: Log strengths of the original and of the two plugins.
STRENGTHS = np.array([1.0, 0.2, -0.4])


def create(folder: Path) -> PairDescription:
    """Write a survey of tiny pictures without answers."""
    (folder / PICTURES_FOLDER).mkdir(parents=True)
    subjects = []
    for number in range(PICTURES):
        shown = []
        for version in range(len(LABELS) + 1):
            data = encoded(np.full((8, 8, 3), number + version, np.uint8))
            name = f"{number}-{version}.png"
            (folder / PICTURES_FOLDER / name).write_bytes(data)
            shown.append(Shown(name, hashlib.sha256(data).hexdigest()))
        subjects.append(Subject(f"{number}.jpg", f"{number:064x}", 9.5, False, tuple(shown)))
    about = PairDescription(
        seed=3, each=PICTURES, question=PAIRS_QUESTION, created="2024-01-02T03:04:05+00:00",
        colortk="0", protocol={"name": "v1", "hash": "f" * 64, "definition": {}},
        plugins=tuple({"label": label, "version": "1"} for label in LABELS),
        pictures=tuple(subjects), compared=tuple(range(len(LABELS) + 1)),
    )  # fmt: skip
    (folder / SURVEY_FILE).write_text(about.text(), "utf-8")
    PairAnswers.create(folder / ANSWERS_FILE, digest(about.text()))
    return about


def answer(folder: Path, about: PairDescription, raters: int) -> None:
    """Let simulated raters answer all questions."""
    rng = np.random.default_rng(0)
    design = PairDesign(about.seed, PICTURES, about.compared, PICTURES)
    with sqlite3.connect(folder / ANSWERS_FILE) as db:
        for number in range(raters):
            rater, taste = secrets.token_hex(16), rng.normal(0, 0.5, len(STRENGTHS))
            db.execute("INSERT INTO raters VALUES (?, ?, ?)", (rater, number, float(number)))
            for place, trial in enumerate(plan_pairs(design, number)):
                values = STRENGTHS + taste
                chance = 1 / (1 + np.exp(values[trial.left] - values[trial.right]))
                shown = 1000.0 * number + place
                row = (
                    secrets.token_hex(16),
                    rater,
                    place,
                    trial.picture,
                    trial.left,
                    trial.right,
                    0,
                )
                db.execute(
                    "INSERT INTO questions VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?)",
                    (*row, shown, shown + 0.7, int(rng.random() < chance)),
                )


def main() -> None:
    """Print a line for each number of raters."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--raters", type=int, nargs="+", default=[200, 2000])
    arguments = parser.parse_args()
    print("raters  answers  seconds  CPU seconds  peak MB", flush=True)
    for raters in arguments.raters:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / "survey"
            answer(folder, create(folder), raters)
            report = ["--html", str(folder / "page.html"), "--csv", str(folder / "answers.csv")]
            run = ran([*COLORTK, "survey", "report", str(folder), *report, "--per-answer"])
            count = len((folder / "answers.csv").read_text().splitlines()) - 1
            print(
                f"{raters:6}  {count:7}  {run.seconds:7.1f}  {run.cpu:11.1f}  {run.peak:7.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
