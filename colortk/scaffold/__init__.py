"""A new plugin's package, complete: it installs, passes its checks and can be scored as it is."""

from __future__ import annotations

import importlib.util
import os
import re
import unicodedata
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path

from colortk.errors import PictureError, UsageError
from colortk.io.files import temporary_folder, write_atomic
from colortk.plugin.registry import registry
from colortk.plugin.spec import ColorizerSpec

#: Template beside this module to the file that it becomes.
FILES = {
    "pyproject.toml.in": "pyproject.toml",
    "README.md.in": "README.md",
    "gitignore.in": ".gitignore",
    "init.py.in": "@PACKAGE@/__init__.py",
    "spec.py.in": "@PACKAGE@/spec.py",
    "colorizer.py.in": "@PACKAGE@/colorizer.py",
    "test.py.in": "tests/test_@NAME@.py",
}
# Narrower than the host's rule: a distribution's name may not end with a dash.
_ELSEWHERE = "name another folder with -o"
_NAME = re.compile(r"[a-z]([a-z0-9_]{0,62}[a-z0-9])?")


@dataclass(frozen=True)
class NewPlugin:
    """The names that follow from a plugin's: ``my_net``, ``colortk-my-net``, ``colortk_my_net``."""

    name: str

    @property
    def distribution(self) -> str:
        """What pip calls it, and its folder."""
        return "colortk-" + re.sub("_+", "-", self.name)

    @property
    def package(self) -> str:
        """What Python imports."""
        return f"colortk_{self.name}"

    def files(self) -> dict[str, str]:
        """Content of every file, by its path in the plugin's folder."""
        return {
            self._filled(target): self._filled((files(__name__) / template).read_text("utf-8"))
            for template, target in FILES.items()
        }

    def _filled(self, text: str) -> str:
        for mark, value in (
            ("@NAME@", self.name),
            ("@DISTRIBUTION@", self.distribution),
            ("@PACKAGE@", self.package),
        ):
            text = text.replace(mark, value)
        return text


def new_plugin(name: str) -> NewPlugin:
    """The plugin ``name``, if there can be a new one. Raises ``UsageError``."""
    if not _NAME.fullmatch(name):
        usable = _usable(name)
        raise UsageError(
            f"'{name}' cannot be the name of a plugin",
            "a name is lower-case letters, digits and _, from a letter to a letter or digit",
            f"'{usable}' could" if usable else "",
        )
    plugin = NewPlugin(name)
    owner = _owner(plugin)
    if owner:
        raise UsageError(f"the name '{name}' is taken", owner, "choose another")
    return plugin


def _usable(name: str) -> str:
    """A name like ``name`` that can be one, or nothing if letters would be lost."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(c for c in letters if not unicodedata.combining(c))
    if any(c.isalnum() and not c.isascii() for c in plain):
        return ""
    usable = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    return f"{'net_' if usable[:1].isdigit() else ''}{usable}"[:64].rstrip("_")


def _owner(plugin: NewPlugin) -> str:
    """Who has the name of the plugin, of its distribution or of its package, if anybody."""
    known = registry()
    if plugin.name in known.of(ColorizerSpec):
        return f"{known.of(ColorizerSpec)[plugin.name].distribution} has a plugin of that name"
    for row in known.broken:
        if row.name == plugin.name:
            return f"{row.distribution} has a plugin of that name, a broken one"
    try:
        distribution(plugin.distribution)
        return f"{plugin.distribution} is installed"
    except PackageNotFoundError:
        pass
    if importlib.util.find_spec(plugin.package) is not None:
        return f"Python already imports a package '{plugin.package}'"
    return ""


def write(plugin: NewPlugin, parent: Path) -> Path:
    """Write the package into a new folder under ``parent``, whole or not at all.

    Returns the folder. ``parent`` is made if it is missing. Raises ``UsageError``: the folder
    is there already, or cannot be written.
    """
    target = parent / plugin.distribution
    taken = UsageError(f"'{target}' exists", "it is left as it is", _ELSEWHERE)
    if os.path.lexists(target):
        raise taken
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with temporary_folder(target) as folder:
            for name, text in plugin.files().items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                write_atomic(path, text.encode())
    except PictureError as error:  # of a file in the folder, which the caller does not know
        raise UsageError(f"cannot write '{target}'", error.reason, _ELSEWHERE) from error
    except OSError as error:
        if os.path.lexists(target):  # another process made it in the meantime
            raise taken from None
        why = error.strerror or str(error)
        raise UsageError(f"cannot write '{target}'", why, _ELSEWHERE) from error
    return target
