"""Which entry point declares a plugin, and which entry points this process may import."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """The entry point that declares a plugin: enough to import it without any other.

    ``name`` and ``value``: those of the entry point.
    """

    distribution: str
    version: str
    name: str
    value: str


#: Entry points that this process imports; all of them if there are none.
only: list[Origin] = []


def discover_only(origins: Iterable[Origin]) -> None:
    """Let :func:`colortk.plugin.registry.registry` import no other entry points than these.

    One plugin's declaration may import seconds' worth of modules, which a process that serves
    another plugin should not wait for. To be called before ``registry()``.
    """
    only[:] = dict.fromkeys(origins)
