"""The folder of a survey: description, pictures and answers, checked when it is opened."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Self

from colortk.errors import UsageError
from colortk.io.regular_files import read_regular
from colortk.survey.answer_file import AnswerFile
from colortk.survey.description import ANSWERS_FILE, PICTURES_FOLDER, Description, Shown
from colortk.survey.description_file import read


class SurveyFolder:
    """The folder of a survey. Threads and processes may share it."""

    #: Class of the description and of the answers.
    DESCRIPTION: ClassVar[type[Description]]
    ANSWERS: ClassVar[type[AnswerFile]]
    description: Description
    answers: AnswerFile

    def __init__(self, folder: Path, description: Description, answers: AnswerFile) -> None:
        self.folder, self.description, self.answers = folder, description, answers

    @classmethod
    def open(cls, folder: str | Path) -> Self:
        """Open a survey that ``colortk survey create`` made.

        Raises
        ------
        UsageError, EnvironmentProblem
            If the folder is not a survey of this design, or is damaged.
        """
        folder = Path(folder)
        description, digest = read(folder)
        if type(description) is not cls.DESCRIPTION:
            raise UsageError(f"the survey in '{folder}' has another design")
        answers = cls.ANSWERS(folder / ANSWERS_FILE)
        survey = cls(folder, description, answers)
        try:
            answers.check(digest)
            for version in survey.versions():
                survey.content(version)
        except BaseException:
            survey.close()
            raise
        return survey

    def versions(self) -> Iterator[Shown]:
        """Yield all pictures that raters may be shown."""
        for subject in self.description.pictures:
            yield from subject.versions

    def close(self) -> None:
        """Close the file of answers, after which the folder can be moved."""
        self.answers.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def content(self, version: Shown) -> bytes:
        """Return the PNG of a picture; raises ``UsageError`` if it is missing or changed."""
        path = self.path(version)
        try:
            data = read_regular(path)
        except OSError as error:
            reason = error.strerror or str(error)
            raise UsageError(
                f"the survey's picture '{path}' is missing", reason, "restore the folder"
            ) from error
        if hashlib.sha256(data).hexdigest() != version.sha256:
            raise UsageError(
                f"the survey's picture '{path}' is damaged",
                "its content has changed since the survey was created",
                "restore the folder",
            )
        return data

    def path(self, version: Shown) -> Path:
        """Return the path of a picture."""
        return self.folder / PICTURES_FOLDER / version.file
