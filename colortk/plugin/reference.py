"""``--reference``: an option of certain plugins that has a short form."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from colortk.errors import UsageError
from colortk.plugin.spec import DEFAULT, ColorizerSpec

#: The plugin that uses a reference if no other plugin is named.
EXEMPLAR = "exemplar"
#: Name of the option in the plugins that use a reference.
OPTION = "reference"


def plugin_with_reference(plugin: str, reference: str | os.PathLike[str] | None) -> str:
    """Return the plugin that colorizes: with a reference, `EXEMPLAR` replaces the default."""
    return EXEMPLAR if reference is not None and plugin == DEFAULT else plugin


def reference_option(reference: str | os.PathLike[str], options: Iterable[str]) -> str:
    """Return the option of a plugin, "name=value", that states the reference.

    Parameters
    ----------
    reference : path
        A picture.
    options : iterable of str
        Names of the options that are given besides.

    Raises
    ------
    UsageError
        There is no such file, or the options name a reference, too.
    """
    path = Path(reference)
    if OPTION in options:
        raise UsageError("a reference is given twice", "it is also an option of the plugin")
    if not path.is_file():
        reason = "it is a folder" if path.is_dir() else "there is no such file"
        hint = "give the path of a color picture"
        raise UsageError(f"cannot read the reference '{path}'", reason, hint)
    return f"{OPTION}={path.absolute()}"  # workers may have another working folder


def takes_reference(spec: ColorizerSpec) -> bool:
    """Return whether a plugin has an option for a reference."""
    return OPTION in getattr(spec.options, "__dataclass_fields__", {})


def need_reference_option(spec: ColorizerSpec) -> None:
    """Raise ``UsageError`` if a plugin has no option for a reference."""
    if not takes_reference(spec):
        raise UsageError(
            f"plugin '{spec.name}' cannot use a reference",
            "it takes no colors from another picture",
            f"leave --plugin out, or use a plugin with the option '{OPTION}', such as {EXEMPLAR}",
        )
