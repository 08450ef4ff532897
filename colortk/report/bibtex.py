"""Split BibTeX into entries, and merge the entries that several plugins share."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

#: The beginning of an entry. A key may hold anything but what BibTeX itself reads.
_START = re.compile(r"@\s*([A-Za-z]+)\s*\{\s*([^\s,{}\"#%'()=~\\]+)\s*,")
_FIELD = re.compile(r"\s*([A-Za-z][A-Za-z0-9_-]*)\s*=\s*")


@dataclass(frozen=True)
class BibtexEntry:
    """One entry of a bibliography.

    Parameters
    ----------
    key : str
        The name by which ``\\cite`` refers to it.
    text : str
        The entry as it was written, from ``@`` to the closing brace.
    title : str
        Its field ``title``, without braces; empty if there is none.
    names : tuple of str
        The plugins, metrics and refiners that name it.
    """

    key: str
    text: str
    title: str
    names: tuple[str, ...] = field(default=())


def parse_entries(text: str) -> list[BibtexEntry]:
    """Split a text into its entries.

    Parameters
    ----------
    text : str
        BibTeX. Text between entries is left out, as BibTeX does.

    Raises
    ------
    ValueError
        If the text has no entry, or an entry is not valid: the message says where.
    """
    entries, position = [], 0
    while (at := text.find("@", position)) >= 0:
        start = _START.match(text, at)
        if start is None:
            raise ValueError(f"no entry begins at '{_excerpt(text, at)}'")
        fields, position = _fields(text, start.end(), start[2])
        title = re.sub(r"[{}]", "", fields.get("title", ""))
        entries.append(BibtexEntry(start[2], text[at:position], " ".join(title.split())))
    if not entries:
        raise ValueError("it has no entry")
    return entries


def _fields(text: str, position: int, key: str) -> tuple[dict[str, str], int]:
    """Return the fields of an entry from a position on, and the position after the entry."""
    fields: dict[str, str] = {}
    while True:
        while position < len(text) and text[position] in " \t\r\n,":
            position += 1
        if position < len(text) and text[position] == "}":
            return fields, position + 1
        match = _FIELD.match(text, position)
        if match is None:
            raise ValueError(f"'{key}' has no field at '{_excerpt(text, position)}'")
        value, position = _value(text, match.end(), key)
        fields[match[1].lower()] = value


def _value(text: str, position: int, key: str) -> tuple[str, int]:
    """Return a value in braces or quotes, or a number, and the position after it."""
    number = re.compile(r"\d+").match(text, position)
    if number is not None:
        return number[0], number.end()
    if position >= len(text) or text[position] not in '{"':
        raise ValueError(f"'{key}' has no value at '{_excerpt(text, position)}'")
    quoted, depth = text[position] == '"', 0
    for k in range(position, len(text)):
        if text[k] == "{":
            depth += 1
        elif text[k] == "}":
            depth -= 1
        if depth < 0:
            break
        is_end = text[k] == '"' and k > position if quoted else True
        if depth == 0 and is_end:
            return text[position + 1 : k], k + 1
    raise ValueError(f"'{key}' has a value that does not end: '{_excerpt(text, position)}'")


def _excerpt(text: str, position: int) -> str:
    return " ".join(text[position : position + 40].split())


def merge(entries: Iterable[BibtexEntry]) -> list[BibtexEntry]:
    """Return each publication once, under a key of its own.

    Entries with the same title are the same publication: the first one is kept, with the names of
    all. If two publications have the same key, the later one gets a letter after its key.

    Parameters
    ----------
    entries : iterable of BibtexEntry
        Entries in the order in which they should stand.
    """
    merged: dict[str, BibtexEntry] = {}
    for entry in entries:
        identity = re.sub(r"[^a-z0-9]", "", entry.title.lower()) or entry.text
        same = merged.get(identity)
        if same is not None:
            names = dict.fromkeys((*same.names, *entry.names))
            merged[identity] = replace(same, names=tuple(names))
            continue
        # BibTeX does not distinguish the case of keys.
        keys = {other.key.lower() for other in merged.values()}
        merged[identity] = _with_free_key(entry, keys)
    return list(merged.values())


def _with_free_key(entry: BibtexEntry, keys: set[str]) -> BibtexEntry:
    suffixes = ["", *"bcdefghijklmnopqrstuvwxyz", *(f"-{number}" for number in range(27, 10_000))]
    key = next(entry.key + end for end in suffixes if (entry.key + end).lower() not in keys)
    return replace(entry, key=key, text=entry.text.replace(entry.key, key, 1))
