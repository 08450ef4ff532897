"""A survey of pairs without plugins, and simulated raters who answer it."""

from __future__ import annotations

import hashlib
import math
import random
from pathlib import Path

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
from colortk.survey.pairs.session import PairRater, PairSurvey
from colortk.survey.prepare import encoded
from conftest import photo


def make_pair_survey(
    folder: Path,
    pictures: int = 6,
    labels: tuple[str, ...] = ("a", "b"),
    each: int | None = None,
    checks: int = 0,
    exposure_ms: int | None = None,
) -> PairSurvey:
    """Create a survey of small pictures; ``labels`` are the names of its plugins."""
    (folder / PICTURES_FOLDER).mkdir(parents=True)

    def subject(place: int, versions: int, kind: str) -> Subject:
        shown = []
        for version in range(versions):
            data = encoded(photo(8, 8, 100 * place + version))
            name = f"{kind}{place}-{version}.png"
            (folder / PICTURES_FOLDER / name).write_bytes(data)
            shown.append(Shown(name, hashlib.sha256(data).hexdigest()))
        return Subject(f"{kind}{place}.jpg", f"{place:064x}", 9.5, False, tuple(shown))

    about = PairDescription(
        seed=3,
        each=each or pictures,
        question=PAIRS_QUESTION,
        created="2024-01-02T03:04:05+00:00",
        colortk="0",
        protocol={"name": "v1", "hash": "f" * 64, "definition": {}},
        plugins=tuple({"label": label, "version": "1"} for label in labels),
        pictures=tuple(subject(place, len(labels) + 1, "photo") for place in range(pictures)),
        compared=tuple(range(len(labels) + 1)),
        checks=tuple(subject(place, 3, "check") for place in range(checks)),
        exposure_ms=exposure_ms,
    )
    (folder / SURVEY_FILE).write_text(about.text(), "utf-8")
    PairAnswers.create(folder / ANSWERS_FILE, digest(about.text()))
    return PairSurvey.open(folder)


def answer_pairs(
    survey: PairSurvey, rater: PairRater, scores: list[float], seed: int, attentive: bool = True
) -> int:
    """Answer all remaining questions by the strengths of the versions, and the checks rightly."""
    place = {
        shown.file: version
        for subject in (*survey.description.pictures, *survey.description.checks)
        for version, shown in enumerate(subject.versions)
    }
    dice, count = random.Random(seed), 0
    while question := rater.next():
        left, right = place[question.left.name], place[question.right.name]
        if question.left.name.startswith("check"):
            chose_right = (right == 0) == attentive
        else:
            odds = math.exp(scores[right] - scores[left])
            chose_right = dice.random() < odds / (1 + odds)
        assert rater.answer(question.id, chose_right)
        count += 1
    return count
