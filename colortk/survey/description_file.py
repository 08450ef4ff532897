"""Read the file ``survey.json`` of a survey, whatever its design."""

from __future__ import annotations

import json
from pathlib import Path

from colortk.errors import UsageError
from colortk.io.regular_files import read_regular
from colortk.survey.description import (
    PAIRS_FORMAT,
    SURVEY_FILE,
    SURVEY_FORMAT,
    Description,
    digest,
    picture_description,
)
from colortk.survey.pairs.description import pair_description


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
            return picture_description(values), digest(text)
        if version == PAIRS_FORMAT:
            return pair_description(values), digest(text)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise UsageError(f"'{path}' is damaged", reason, "restore the folder") from error
    raise UsageError(
        f"'{path}' is of format {version}",
        f"this colortk reads formats {SURVEY_FORMAT} and {PAIRS_FORMAT}",
    )
