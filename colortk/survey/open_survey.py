"""Open a survey of any design."""

from __future__ import annotations

from pathlib import Path

from colortk.survey.description_file import read
from colortk.survey.pairs.description import PairDescription
from colortk.survey.pairs.session import PairSurvey
from colortk.survey.session import Survey


def open_survey(folder: str | Path) -> Survey | PairSurvey:
    """Open the survey in ``folder``.

    Raises
    ------
    UsageError, EnvironmentProblem
        If the folder is not a survey, or is damaged.
    """
    description, _ = read(Path(folder))
    if isinstance(description, PairDescription):
        return PairSurvey.open(folder)
    return Survey.open(folder)
