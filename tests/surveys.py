"""A survey without plugins, and simulated raters."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from pathlib import Path

from colortk.survey.answers import Answers
from colortk.survey.description import (
    ANSWERS_FILE,
    PICTURES_FOLDER,
    QUESTION,
    SURVEY_FILE,
    Description,
    Shown,
    Subject,
    digest,
)
from colortk.survey.prepare import encoded
from colortk.survey.session import Question, Rater, Survey
from conftest import photo


def make_survey(
    folder: Path, pictures: int = 6, labels: Sequence[str] = ("a", "b"), each: int | None = None
) -> Survey:
    """Create a survey of small pictures; ``labels`` are the names of its plugins."""
    (folder / PICTURES_FOLDER).mkdir(parents=True)
    subjects = []
    for place in range(pictures):
        versions = []
        for condition in range(len(labels) + 1):
            data = encoded(photo(16, 16, 100 * place + condition))
            name = f"{place}-{condition}.png"
            (folder / PICTURES_FOLDER / name).write_bytes(data)
            versions.append(Shown(name, hashlib.sha256(data).hexdigest()))
        subjects.append(Subject(f"photo{place}.jpg", f"{place:064x}", 9.5, False, tuple(versions)))
    about = Description(
        seed=3,
        each=each or pictures,
        question=QUESTION,
        created="2024-01-02T03:04:05+00:00",
        colortk="0",
        protocol={"name": "v1", "hash": "f" * 64, "definition": {}},
        plugins=tuple({"label": label, "version": "1"} for label in labels),
        pictures=tuple(subjects),
    )
    (folder / SURVEY_FILE).write_text(about.text(), "utf-8")
    Answers.create(folder / ANSWERS_FILE, digest(about.text()))
    return Survey.open(folder)


def condition_of(survey: Survey, question: Question) -> str:
    """Return the condition of a question, which a rater cannot know."""
    return {
        shown.file: name
        for subject in survey.description.pictures
        for name, shown in zip(survey.description.conditions, subject.versions, strict=True)
    }[question.picture.name]


def answer_all(survey: Survey, rater: Rater, shares: dict[str, float], seed: int) -> int:
    """Answer all remaining questions: "real" with the probability in ``shares`` by condition."""
    dice, count = random.Random(seed), 0
    while question := rater.next():
        said = dice.random() < shares[condition_of(survey, question)]
        assert rater.answer(question.id, said)
        count += 1
    return count
