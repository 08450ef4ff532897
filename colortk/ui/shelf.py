"""The plugins that the page offers: each loaded once, when it is first used, and kept."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from colortk.color import Float32
from colortk.errors import ColortkError, UsageError
from colortk.harness.entries import Entry, entry
from colortk.host import missing_requirements, registry
from colortk.loading import Loaded, load
from colortk.spec import ColorizerSpec

#: What the page begins with, if it is there, and what it ends with.
FIRST, LAST = "sift_mlp", "gray"
#: A plugin may be asked by one thread at a time, and what is put aside while it runs (standard
#: output, warnings) is the whole process's: so one plugin at a time. A film's frames wait in line.
_TURN = threading.RLock()


@dataclass(frozen=True)
class Kept(Loaded):
    """A loaded plugin that threads may share. ``strength``: a factor that its label names."""

    strength: float = 1.0

    def _ask(self, method: str, lightness: Float32) -> Any:
        with _TURN:
            return super()._ask(method, lightness)


class Shelf:
    """Plugins by label, ``NAME[:option=value,…][@WEIGHTS]``."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = {one.label: one for one in entries}
        self._loaded: dict[str, Kept] = {}

    @property
    def labels(self) -> list[str]:
        """All of them, in order."""
        return list(self._entries)

    def summary(self, label: str) -> str:
        """What a plugin says about itself, one line."""
        return self._entry(label).summary

    def take(self, label: str) -> Kept:
        """A plugin, ready.

        Raises ``UsageError`` (not on the shelf), ``PluginError`` or ``ArtifactError``.
        """
        found = self._entry(label)
        with _TURN:
            if label not in self._loaded:
                loaded = load(found.request)
                parts = {part.name: getattr(loaded, part.name) for part in fields(loaded)}
                self._loaded[label] = Kept(**parts, strength=found.strength)
            return self._loaded[label]

    def _entry(self, label: str) -> Entry:
        found = self._entries.get(label)
        if found is None:
            raise UsageError(f"there is no plugin '{label}' here", do="load the page again")
        return found


def shelf(texts: Iterable[str]) -> tuple[Shelf, list[str]]:
    """The shelf of the plugins that are named, else of all that can run, and why others cannot.

    Raises ``UsageError``, ``PluginError`` or ``ArtifactError`` for a named one, and ``UsageError`` if
    there is none.
    """
    named = list(dict.fromkeys(texts))
    if named:
        return Shelf([entry(text) for text in named]), []
    found, notes = [], []
    for name in _usable():
        try:
            found.append(entry(name))
        except ColortkError as error:
            notes.append(str(error))
    if not found:
        raise UsageError("there is no plugin that can run", do="see: colortk plugins list")
    return Shelf(found), notes


def _usable() -> list[str]:
    """Colorizers that are trained and have their modules; the usual one first, grey last."""
    specs = [
        found.spec
        for found in registry().of(ColorizerSpec).values()
        if isinstance(found.spec, ColorizerSpec) and not missing_requirements(found.spec)
    ]
    ready = [spec for spec in specs if spec.artifacts or not spec.trainer]
    return sorted((s.name for s in ready), key=lambda name: (name != FIRST, name == LAST, name))
