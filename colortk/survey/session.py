"""A survey as a page uses it: raters, and one question at a time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from colortk.errors import UsageError
from colortk.io.regular_files import read_regular
from colortk.survey.answers import Answers
from colortk.survey.description import ANSWERS, PICTURES, Description, Shown, read
from colortk.survey.plan import plan


@dataclass(frozen=True)
class Question:
    """One picture, to be called real or not.

    ``id``: for the answer. ``number``: from 1, of ``total``. ``text``: what is asked. ``picture``: a
    PNG, whose name, size and date say nothing about what it is.
    """

    id: str
    number: int
    total: int
    text: str
    picture: Path


class Survey:
    """A survey's folder, opened. Threads and processes may share it."""

    def __init__(self, folder: Path, description: Description, answers: Answers) -> None:
        self.folder, self.description, self.answers = folder, description, answers

    @classmethod
    def open(cls, folder: str | Path) -> Survey:
        """The survey that ``colortk survey create`` made.

        Raises ``UsageError`` or ``EnvironmentProblem`` if it is none or is damaged.
        """
        folder = Path(folder)
        description, digest = read(folder)
        answers = Answers(folder / ANSWERS)
        survey = cls(folder, description, answers)
        try:
            answers.check(digest)
            for subject in description.pictures:
                for shown in subject.versions:
                    survey.content(shown)
        except BaseException:
            survey.close()
            raise
        return survey

    def close(self) -> None:
        """Close the file of answers, after which the folder can be moved."""
        self.answers.close()

    def __enter__(self) -> Survey:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def content(self, shown: Shown) -> bytes:
        """A picture's PNG. Raises ``UsageError`` if it is not what was created."""
        path = self.path(shown)
        try:
            data = read_regular(path)
        except OSError as error:
            why = error.strerror or str(error)
            raise UsageError(
                f"the survey's picture '{path}' is missing", why, "restore the folder"
            ) from error
        if hashlib.sha256(data).hexdigest() != shown.sha256:
            raise UsageError(
                f"the survey's picture '{path}' is damaged",
                "it is not the one that was created",
                "restore the folder",
            )
        return data

    def path(self, shown: Shown) -> Path:
        """Where a picture lies."""
        return self.folder / PICTURES / shown.file

    def rater(self, told: str | None = None) -> Rater:
        """A rater: the one whose id is ``told``, who goes on where they were, else a new one.

        A new rater has an id of its own, never ``told``, and takes the next place in the plan: to
        be called when somebody begins, not when they merely look.
        """
        about = self.description

        def planned(number: int) -> list[tuple[int, int]]:
            return plan(about.seed, number, len(about.pictures), len(about.plugins), about.each)

        return Rater(self, self.answers.rater(told, planned))


class Rater:
    """Somebody who answers. ``id``: random, URL-safe; whoever knows it answers as this rater."""

    def __init__(self, survey: Survey, name: str) -> None:
        self.survey, self.id = survey, name

    def next(self) -> Question | None:
        """The question to answer now, the same until it is; ``None`` when all are answered."""
        asked = self.survey.answers.show(self.id)
        if asked is None:
            return None
        about = self.survey.description
        shown = about.pictures[asked.picture].versions[asked.condition]
        path = self.survey.path(shown)
        return Question(asked.id, asked.place + 1, about.each, about.question, path)

    def answer(self, question: str, real: bool) -> bool:
        """Keep an answer, at once and for good.

        ``False`` if the question has an answer already, which stays: nothing to be done, go on
        with :meth:`next`. Raises ``UsageError`` for a question that was not put to this rater.
        """
        if not isinstance(real, bool):
            raise UsageError(f"the answer {real!r}", "True (real) or False is wanted")
        return self.survey.answers.answer(self.id, question, real)

    @property
    def progress(self) -> tuple[int, int]:
        """Questions answered, and questions in all."""
        return self.survey.answers.counts(self.id)
