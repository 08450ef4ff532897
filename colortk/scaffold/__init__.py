"""Write the package of a new plugin, which installs, passes the checks and can be scored."""

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

#: Templates of this package, and the file that each becomes.
FILES = {
    "pyproject.toml.in": "pyproject.toml",
    "README.md.in": "README.md",
    "gitignore.in": ".gitignore",
    "init.py.in": "@PACKAGE@/__init__.py",
    "spec.py.in": "@PACKAGE@/spec.py",
    "colorizer.py.in": "@PACKAGE@/colorizer.py",
    "test.py.in": "tests/test_@NAME@.py",
}
_OTHER_FOLDER_HINT = "choose another folder with -o"
# Stricter than the rule for plugins: the name of a distribution may not end with a dash.
_NAME = re.compile(r"[a-z]([a-z0-9_]{0,62}[a-z0-9])?")


@dataclass(frozen=True)
class NewPlugin:
    """The names of a new plugin, of its distribution and of its package.

    Parameters
    ----------
    name : str
        Name of the plugin, as ``my_net``. The distribution is then ``colortk-my-net``, the package
        ``colortk_my_net``.
    """

    name: str

    @property
    def distribution(self) -> str:
        """Name of the distribution, and of its folder."""
        return "colortk-" + re.sub("_+", "-", self.name)

    @property
    def package(self) -> str:
        """Name of the package that Python imports."""
        return f"colortk_{self.name}"

    def files(self) -> dict[str, str]:
        """Return the content of every file, by its path in the folder of the plugin."""
        return {
            self._filled(target): self._filled((files(__name__) / template).read_text("utf-8"))
            for template, target in FILES.items()
        }

    def _filled(self, text: str) -> str:
        for placeholder, value in (
            ("@NAME@", self.name),
            ("@DISTRIBUTION@", self.distribution),
            ("@PACKAGE@", self.package),
        ):
            text = text.replace(placeholder, value)
        return text


def new_plugin(name: str) -> NewPlugin:
    """Return the names of a new plugin.

    Parameters
    ----------
    name : str
        Name of the plugin.

    Raises
    ------
    UsageError
        If it cannot be the name of a plugin, or is taken.
    """
    if not _NAME.fullmatch(name):
        usable = _usable(name)
        raise UsageError(
            f"'{name}' cannot be the name of a plugin",
            "a name has lower-case letters, digits and _, begins with a letter,"
            " and does not end with _",
            f"'{usable}' is possible" if usable else "",
        )
    plugin = NewPlugin(name)
    owner = _owner(plugin)
    if owner:
        raise UsageError(f"the name '{name}' is taken", owner, "choose another")
    return plugin


def _usable(name: str) -> str:
    """Return a similar name that is allowed, or "" if letters would be lost."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(c for c in letters if not unicodedata.combining(c))
    if any(c.isalnum() and not c.isascii() for c in plain):
        return ""
    usable = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    return f"{'net_' if usable[:1].isdigit() else ''}{usable}"[:64].rstrip("_")


def _owner(plugin: NewPlugin) -> str:
    """Return a description of the plugin or package that has the name already, or ""."""
    installed = registry()
    if plugin.name in installed.of(ColorizerSpec):
        return f"{installed.of(ColorizerSpec)[plugin.name].distribution} has a plugin of that name"
    for row in installed.broken:
        if row.name == plugin.name:
            return f"{row.distribution} has a broken plugin of that name"
    try:
        distribution(plugin.distribution)
        return f"{plugin.distribution} is installed"
    except PackageNotFoundError:
        pass
    if importlib.util.find_spec(plugin.package) is not None:
        return f"Python already imports a package '{plugin.package}'"
    return ""


def write(plugin: NewPlugin, parent: Path) -> Path:
    """Write the package of a new plugin, completely or not at all.

    Parameters
    ----------
    plugin : NewPlugin
        The names.
    parent : Path
        The folder in which the folder of the package is made. It is made if it is missing.

    Returns
    -------
    Path
        The folder of the package.

    Raises
    ------
    UsageError
        If the folder exists or cannot be written.
    """
    target = parent / plugin.distribution
    exists_error = UsageError(f"'{target}' exists", "it was not changed", _OTHER_FOLDER_HINT)
    if os.path.lexists(target):
        raise exists_error
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with temporary_folder(target) as folder:
            for name, text in plugin.files().items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                write_atomic(path, text.encode())
    except PictureError as error:  # it names a temporary file, which the caller does not know
        raise UsageError(f"cannot write '{target}'", error.reason, _OTHER_FOLDER_HINT) from error
    except OSError as error:
        if os.path.lexists(target):  # another process made it in the meantime
            raise exists_error from None
        reason = error.strerror or str(error)
        raise UsageError(f"cannot write '{target}'", reason, _OTHER_FOLDER_HINT) from error
    return target
