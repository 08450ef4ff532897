"""Names of a package that are imported when they are first used (PEP 562)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(
    package: str, table: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the functions ``__getattr__`` and ``__dir__`` of a package.

    Parameters
    ----------
    package : str
        Name of the package.
    table : mapping of str to str
        For each name ``"module"`` or ``"module:attribute"``. Write the table as a literal at the
        top level of the package: the digest of a plugin's code follows the names that the plugin
        imports through it (:mod:`colortk.runtime.import_closure`).
    """

    def import_name(name: str) -> Any:
        try:
            module, _, attribute = table[name].partition(":")
        except KeyError:
            raise AttributeError(f"module {package!r} has no attribute {name!r}") from None
        value = import_module(module)
        return getattr(value, attribute) if attribute else value

    return import_name, lambda: sorted(table)
