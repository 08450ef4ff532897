"""Entry points that declare plugins, and those that this process may import."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """The entry point that declares a plugin.

    Attributes
    ----------
    distribution, version : str
        The installed distribution.
    name, value : str
        Name and value of the entry point.
    """

    distribution: str
    version: str
    name: str
    value: str


#: Entry points that this process imports; if the list is empty, it imports all.
only: list[Origin] = []


def discover_only(origins: Iterable[Origin]) -> None:
    """Let :func:`colortk.plugin.registry.registry` import only these entry points.

    The declaration of a plugin may take seconds to import. A process that serves another plugin
    should not wait for it. Call this function before ``registry()``.

    Parameters
    ----------
    origins : iterable of Origin
        Entry points.
    """
    only[:] = dict.fromkeys(origins)
