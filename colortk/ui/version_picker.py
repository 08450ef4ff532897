"""The choice of a version on the page: an element with a script of its own, and its message."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from colortk.errors import UsageError
from colortk.guidance.variants import check_variants
from colortk.runtime.versions import Variant
from colortk.ui.http_requests import RequestRefused
from colortk.ui.json_messages import parse

#: Characters of the message.
MAX_TEXT = 1000


@dataclass(frozen=True)
class VersionChoice:
    """The message of the element.

    Parameters
    ----------
    picture : str
        Identifier of the picture for which it was sent.
    plugin : str
        Label of the plugin.
    count, seed : int
        Number of versions, and the seed of their choice.
    number : int
        The chosen version, from 1; 0 is none.
    """

    picture: str = ""
    plugin: str = ""
    count: int = 1
    seed: int = 0
    number: int = 0

    def of(self, picture: str, label: str) -> Variant | None:
        """Return the chosen version of a picture by a plugin, or ``None``."""
        if not self.number or (self.picture, self.plugin) != (picture, label):
            return None
        return Variant(self.number, self.count, self.seed)


def parse_choice(text: str | None) -> VersionChoice:
    """Return the message of the element. Raises ``ValueError`` if it is no such message."""
    if not text:
        return VersionChoice()
    if len(text) > MAX_TEXT:
        raise ValueError(f"it has over {MAX_TEXT:,} characters")
    try:
        message = parse(text.encode())
    except (RequestRefused, UnicodeEncodeError) as error:
        raise ValueError(str(error)) from None
    if set(message) != {"picture", "plugin", "count", "seed", "number"}:
        raise ValueError("it does not name a version")
    if not all(isinstance(message[name], str) for name in ("picture", "plugin")):
        raise ValueError("it does not name its picture and plugin")
    choice = VersionChoice(**message)
    try:
        check_variants(choice.count, choice.seed)
    except UsageError as error:
        raise ValueError(str(error)) from None
    if type(choice.number) is not int or not 0 <= choice.number <= choice.count:
        raise ValueError("there is no version of this number")
    return choice


def format_choice(choice: VersionChoice) -> str:
    """Return the message that :func:`parse_choice` reads."""
    return json.dumps(asdict(choice))


def picker_view(picture: str, label: str, possible: bool, other: str, **values: Any) -> str:
    """Return the message to the element.

    Parameters
    ----------
    picture, label : str
        Identifier of the picture, and label of the plugin.
    possible : bool
        Whether the plugin makes several versions.
    other : str
        Label of a plugin that does.
    **values
        ``count``, ``seed`` and ``versions``, which are URLs of thumbnails.
    """
    view = {"picture": picture, "plugin": label, "possible": possible, "other": other}
    return json.dumps({**view, **values})
