"""The description of a survey, its ``survey.json``: written once, never changed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

SURVEY_FILE, ANSWERS_FILE, PICTURES_FOLDER = "survey.json", "survey.sqlite", "pictures"
#: Version of the file, and of that of a survey of pairs; one of another version is not read.
SURVEY_FORMAT, PAIRS_FORMAT = 1, 2
#: The question of Kazerooni and Mehmetoglu.
QUESTION = "Is the shown image real?"


@dataclass(frozen=True)
class Shown:
    """A picture file of the folder, and its SHA-256 (hex)."""

    file: str
    sha256: str


@dataclass(frozen=True)
class Subject:
    """A picture in all its conditions.

    Parameters
    ----------
    name, sha256 : str
        Name and SHA-256 (hex) of the original's file.
    chroma : float
        Mean C*ab.
    enlarged : bool
        It was smaller than the protocol's size.
    versions : tuple of Shown
        By condition, the real one first.
    """

    name: str
    sha256: str
    chroma: float
    enlarged: bool
    versions: tuple[Shown, ...]


@dataclass(frozen=True)
class Description:
    """The survey without its answers.

    Parameters
    ----------
    seed : int
        Selected the pictures and their order.
    each : int
        Pictures that one rater is shown.
    question : str
        The question to raters.
    created : str
        Time, ISO 8601.
    colortk : str
        Version of colortk.
    protocol : dict
        Name, hash and definition of the protocol.
    plugins : tuple of dict
        ``label`` and the values that the pictures depend on, in the order of conditions 1, 2, ….
    pictures : tuple of Subject
        The pictures.
    left_out : tuple of dict
        Pictures that were drawn but not used, and why.
    """

    seed: int
    each: int
    question: str
    created: str
    colortk: str
    protocol: dict[str, Any]
    plugins: tuple[dict[str, Any], ...]
    pictures: tuple[Subject, ...]
    left_out: tuple[dict[str, str], ...] = ()
    format: int = field(default=SURVEY_FORMAT)

    @property
    def conditions(self) -> list[str]:
        """Names of the conditions: "real", then the labels of the plugins."""
        return ["real", *(plugin["label"] for plugin in self.plugins)]

    def text(self) -> str:
        """Return the content of the file."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def digest(text: str) -> str:
    """Return the SHA-256 (hex) of a ``survey.json``."""
    return hashlib.sha256(text.encode()).hexdigest()


def subjects(values: list[dict[str, Any]]) -> tuple[Subject, ...]:
    """Return the pictures that a part of the file describes."""
    return tuple(
        Subject(**{**subject, "versions": tuple(Shown(**shown) for shown in subject["versions"])})
        for subject in values
    )


def picture_description(values: dict[str, Any]) -> Description:
    """Return the description of a survey of single pictures; raises ``ValueError``."""
    pictures = subjects(values["pictures"])
    changed = {
        "pictures": pictures,
        "plugins": tuple(values["plugins"]),
        "left_out": tuple(values["left_out"]),
    }
    description = Description(**{**values, **changed})
    if not all(len(subject.versions) == len(description.conditions) for subject in pictures):
        raise ValueError("a picture lacks a condition")
    return description
