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
#: Names of the built-in plugins that this process imports; ``None``: all of them.
built_in: set[str] | None = None


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


def discover_built_in(*names: str) -> None:
    """Let :func:`colortk.plugin.registry.registry` import no built-in plugins but these.

    A command that needs one colorizer should not wait for the declarations of the others. Plugins
    of other distributions are imported all the same, because a name does not tell which of them
    declares it. Call this before ``registry()``, in a process that runs one command. Other names
    are looked up with a full discovery.

    Parameters
    ----------
    *names : str
        Names of plugins; a built-in plugin's entry point has the name of the plugin.
    """
    global built_in
    built_in = set(names)
