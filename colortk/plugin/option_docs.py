"""Descriptions of options, from the docstring of their dataclass."""

from __future__ import annotations

import inspect
import re
from typing import Any


def split_docstring(options: type[Any] | None) -> tuple[str, dict[str, str]]:
    """Return the summary and the description of each option from an options class's docstring.

    Parameters
    ----------
    options : type or None
        A dataclass, with a numpydoc section "Parameters" or "Attributes" or without one.

    Returns
    -------
    summary : str
        The text before the section, on one line. Empty for a class without a docstring.
    descriptions : dict
        The description of each option that the section has, on one line, by name.
    """
    doc = inspect.getdoc(options) if options is not None else None
    if not doc or options is None or doc.startswith(f"{options.__name__}("):
        return "", {}  # the docstring of a dataclass without one is its signature
    summary, _, section = _split(doc)
    descriptions: dict[str, str] = {}
    names: list[str] = []
    for line in section.split("\n"):
        head = re.match(r"(\w[\w, ]*?)(?: : .*)?$", line)
        if head and not line.startswith(" "):
            names = [name.strip() for name in head[1].split(",")]
            descriptions |= dict.fromkeys(names, "")
        else:
            for name in names:
                descriptions[name] = f"{descriptions[name]} {line}".strip()
    return _one_line(summary), {name: _one_line(text) for name, text in descriptions.items()}


def _split(doc: str) -> tuple[str, str, str]:
    """Return the text before the section of parameters, its title, and the section."""
    sections = re.split(r"^(Parameters|Attributes)\n-+\n", doc, maxsplit=1, flags=re.MULTILINE)
    if len(sections) < 3:
        return doc, "", ""
    section = re.split(r"\n\n[A-Z][A-Za-z ]+\n-+\n", sections[2], maxsplit=1)[0]
    return sections[0], sections[1], section


def _one_line(text: str) -> str:
    plain = re.sub(r":\w+:`[.~]*([^`]*)`", r"\1", text).replace("``", "")
    return " ".join(plain.split())
