"""The description of a survey, its ``survey.json``: written once, never changed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from colortk.errors import UsageError
from colortk.io.regular_files import read_regular

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


def read(folder: Path) -> tuple[Description, str]:
    """Return the description in ``folder``, and its digest; raises ``UsageError``."""
    path = folder / SURVEY_FILE
    if not folder.is_dir():
        raise UsageError(f"no survey '{folder}'", "there is no such folder")
    try:
        text = read_regular(path).decode()
    except FileNotFoundError:
        hint = "create one with: colortk survey create"
        raise UsageError(f"no survey in '{folder}'", f"it has no {SURVEY_FILE}", hint) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read '{path}'", str(error)) from error
    try:
        values = json.loads(text)
        version = values["format"]
        if version == SURVEY_FORMAT:
            return _description(values), digest(text)
        if version == PAIRS_FORMAT:
            from colortk.survey.pairs.description import pair_description

            return pair_description(values), digest(text)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise UsageError(f"'{path}' is damaged", reason, "restore the folder") from error
    raise UsageError(
        f"'{path}' is of format {version}",
        f"this colortk reads formats {SURVEY_FORMAT} and {PAIRS_FORMAT}",
    )


def subjects(values: list[dict[str, Any]]) -> tuple[Subject, ...]:
    """Return the pictures that a part of the file describes."""
    return tuple(
        Subject(**{**subject, "versions": tuple(Shown(**shown) for shown in subject["versions"])})
        for subject in values
    )


def _description(values: dict[str, Any]) -> Description:
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
