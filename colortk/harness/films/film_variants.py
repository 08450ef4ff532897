"""Who has a row in the table of films: plugins frame by frame, steadied, and the original."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from colortk.harness.plugin_variants import Entry
from colortk.harness.records import Key
from colortk.runtime.loading import Request
from colortk.runtime.provenance import film_scores_code

#: The protocol by which films are compared.
PROTOCOL = "v2-film"
#: Frame by frame, and averaged along motion, as ``video --temporal`` calls them.
TEMPORAL = ("off", "flow")
#: What the label of a steadied row ends in.
STEADIED = "+flow"
#: The option under which steadying is part of a result's key.
OPTION = "host temporal"
#: A name that no plugin can have: the film itself, scored where no reference is needed.
ORIGINAL = "(original)"
#: Kept with the original's scores: frames that took part, and those that could not be read.
FACTS = ("host frames", "host lost")


def rows(entries: Iterable[Entry], temporal: Sequence[str], plain: str) -> list[Entry]:
    """Every entry frame by frame or steadied or both; ``plain`` (no colour) only once."""
    found = []
    for entry in entries:
        for way in temporal if entry.label != plain else temporal[:1]:
            found.append(_row(entry, way == "flow" and entry.label != plain))
    return found


def original() -> Entry:
    """The film itself, as the entry that its own scores are kept under."""
    key = Key(ORIGINAL, "", "{}", film_scores_code())
    return Entry(ORIGINAL, Request(ORIGINAL), 1.0, key, "", "", "")


def is_original(entry: Entry) -> bool:
    return entry.key.plugin == ORIGINAL


def is_steadied(entry: Entry) -> bool:
    return OPTION in entry.options


def _row(entry: Entry, steadied: bool) -> Entry:
    options = entry.options | ({OPTION: "flow"} if steadied else {})
    key = replace(
        entry.key,
        options=json.dumps(options, sort_keys=True),
        code=entry.key.code + film_scores_code(),
    )
    return replace(entry, label=entry.label + STEADIED * steadied, key=key)
