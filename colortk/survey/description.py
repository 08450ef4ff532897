"""What a survey is, as its ``survey.json`` says: drawn once, never changed afterwards."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from colortk.errors import UsageError
from colortk.io.regular_files import read_regular

FILE, ANSWERS, PICTURES = "survey.json", "survey.sqlite", "pictures"
#: Version of the file; one of another version is not read.
FORMAT = 1
#: Document 004's.
QUESTION = "Is the shown image real?"


@dataclass(frozen=True)
class Shown:
    """A picture file of the folder, and its SHA-256 (hex)."""

    file: str
    sha256: str


@dataclass(frozen=True)
class Subject:
    """A picture in all its conditions. ``name``, ``sha256``: of the original file.

    ``versions``: by condition, the real one first.
    """

    name: str
    sha256: str
    chroma: float
    enlarged: bool
    versions: tuple[Shown, ...]


@dataclass(frozen=True)
class Description:
    """All of a survey but its answers.

    ``each``: pictures that one rater is shown. ``plugins``: ``label`` and what its pictures depend
    on, in the order of the conditions 1, 2, …. ``created``: ISO 8601. ``left_out``: drawn, but not
    used, and why.
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
    format: int = field(default=FORMAT)

    @property
    def conditions(self) -> list[str]:
        """Names of the conditions: "real", and the plugins as they were given."""
        return ["real", *(plugin["label"] for plugin in self.plugins)]

    def text(self) -> str:
        """As the file holds it."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def digest(text: str) -> str:
    """SHA-256 (hex) of a ``survey.json``."""
    return hashlib.sha256(text.encode()).hexdigest()


def read(folder: Path) -> tuple[Description, str]:
    """The description in ``folder``, and its digest. Raises ``UsageError``."""
    path = folder / FILE
    if not folder.is_dir():
        raise UsageError(f"no survey '{folder}'", "there is no such folder")
    try:
        text = read_regular(path).decode()
    except FileNotFoundError:
        hint = "create one with: colortk survey create"
        raise UsageError(f"no survey in '{folder}'", f"it has no {FILE}", hint) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read '{path}'", str(error)) from error
    try:
        found = json.loads(text)
        version = found["format"]
        if version == FORMAT:
            return _description(found), digest(text)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        why = f"{type(error).__name__}: {error}"
        raise UsageError(f"'{path}' is damaged", why, "restore the folder") from error
    raise UsageError(f"'{path}' is of format {version}", f"this colortk reads format {FORMAT}")


def _description(found: dict[str, Any]) -> Description:
    pictures = tuple(
        Subject(**{**one, "versions": tuple(Shown(**shown) for shown in one["versions"])})
        for one in found["pictures"]
    )
    changed = {
        "pictures": pictures,
        "plugins": tuple(found["plugins"]),
        "left_out": tuple(found["left_out"]),
    }
    description = Description(**{**found, **changed})
    if not all(len(one.versions) == len(description.conditions) for one in pictures):
        raise ValueError("a picture lacks a condition")
    return description
