"""The description of a survey of pairs: that of every survey, and what only pairs have."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from colortk.survey.description import PAIRS_FORMAT, Description, Subject, subjects

PAIRS_QUESTION = "Which looks more natural?"
#: Versions of a check picture. People who look prefer the first one.
CHECK_VERSIONS = ("original", "gray", "hue rotated")
#: Shown before the first question unless the survey has a text of its own.
DEFAULT_CONSENT = (
    "You take part in a study of automatic colorization. You will see pairs of pictures and choose"
    " the one that looks more natural. Your choices and their times are stored under a number,"
    " without your name or address. Taking part is voluntary: you can stop at any time by closing"
    " the page. By pressing the button you agree that your choices are used for research and may be"
    " published without reference to you."
)


@dataclass(frozen=True)
class PairDescription(Description):
    """The survey without its answers.

    Parameters
    ----------
    compared : tuple of int
        Conditions that are compared: 0 is the original, plugins are 1, 2, ….
    checks : tuple of Subject
        Check pictures, each in the :data:`CHECK_VERSIONS`. Every rater is shown all of them.
    exposure_ms : int or None
        Milliseconds for which a pair is visible; ``None`` for no limit.
    consent : str
        Text that a rater agrees to before the first question.
    """

    compared: tuple[int, ...] = ()
    checks: tuple[Subject, ...] = ()
    exposure_ms: int | None = None
    consent: str = DEFAULT_CONSENT
    design: str = "pairs"
    format: int = field(default=PAIRS_FORMAT)

    @property
    def total(self) -> int:
        """Questions that one rater is asked, attention checks included."""
        return self.each + len(self.checks)

    @property
    def compared_names(self) -> list[str]:
        """Names of the conditions that are compared."""
        return [self.conditions[index] for index in self.compared]


def pair_description(values: dict[str, Any]) -> PairDescription:
    """Return the description that a ``survey.json`` contains; raises ``ValueError``."""
    changed = {
        "pictures": subjects(values["pictures"]),
        "checks": subjects(values["checks"]),
        "plugins": tuple(values["plugins"]),
        "left_out": tuple(values["left_out"]),
        "compared": tuple(values["compared"]),
    }
    description = PairDescription(**{**values, **changed})
    if not all(len(row.versions) == len(description.conditions) for row in description.pictures):
        raise ValueError("a picture lacks a condition")
    if not all(len(row.versions) == len(CHECK_VERSIONS) for row in description.checks):
        raise ValueError("a check picture lacks a version")
    if not set(description.compared) <= set(range(len(description.conditions))):
        raise ValueError("a compared condition does not exist")
    return description
