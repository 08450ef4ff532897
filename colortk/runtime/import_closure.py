"""Find all modules that a module imports, directly or not, in the sources, without importing them.

Imports inside of functions count, and so do modules that strings name (``"package.module:name"``).
Sources are followed in the packages that belong to the result: the host, its plugins, the
distribution of a plugin, and modules outside of folders of installed packages. Other packages are
libraries, which are not followed: their versions identify them.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from colortk.io.content_digest import content_digest
from colortk.runtime.ast_digest import Imported
from colortk.runtime.data_files import data_files
from colortk.runtime.source_cache import SourceCache

#: Packages that are followed wherever they are installed.
OURS = frozenset({"colortk", "colortk_plugins"})
_INSTALLED = ("site-packages", "dist-packages")


#: A module, names that are imported from it, and the module that imports them.
_Edge = tuple[str, tuple[str, ...], str]


@dataclass
class Closure:
    """The modules and libraries that are reached.

    Attributes
    ----------
    modules : dict of str to Path
        Sources (or compiled extensions) by the name of the module.
    libraries : dict of str to set of str
        Top-level names of packages that are not followed, with the modules that import them.
    """

    modules: dict[str, Path] = field(default_factory=dict)
    libraries: dict[str, set[str]] = field(default_factory=dict)


class SourceTree:
    """The source files of packages, and their meanings.

    Parameters
    ----------
    cache : SourceCache
        Meanings of sources.
    roots : mapping of str to Path, optional
        Folders of packages. The default is the folders that this process imports from.
    """

    def __init__(self, cache: SourceCache, roots: Mapping[str, Path] | None = None) -> None:
        self.cache = cache
        self._roots = {name: [folder] for name, folder in (roots or {}).items()}
        self._folders: dict[str, list[Path]] = dict(self._roots)
        self._files: dict[str, Path] = {}  # of top-level modules that are no packages
        self._listings: dict[str, frozenset[str]] = {}
        self._paths: dict[str, Path | None] = {}
        self._edges: dict[str, list[_Edge]] = {}
        self._reached: dict[
            tuple[str, tuple[str, ...]], tuple[list[tuple[str, Path]], list[_Edge]]
        ] = {}
        self._data: dict[Path, list[Path]] = {}
        self._digests: dict[Path, str] = {}
        self._snapshots = 0

    def closure(
        self,
        modules: Iterable[str],
        own_packages: Iterable[str] = (),
        without: tuple[str, ...] = (),
    ) -> Closure:
        """Return the modules and libraries that ``modules`` reach.

        Parameters
        ----------
        modules : iterable of str
            Names of modules to begin with.
        own_packages : iterable of str
            Top-level packages that are followed, besides :data:`OURS` and local sources.
        without : tuple of str
            Packages that are left out, with modules that only they reach.
        """
        if not self._snapshots:
            self._forget()
        followed = OURS | set(own_packages)
        closure = Closure()
        waiting: list[_Edge] = [(module, (), "") for module in modules]
        visited: set[tuple[str, tuple[str, ...]]] = set()
        while waiting:
            module, names, importer = waiting.pop()
            if (module, names) in visited or not module or _within(module, without):
                continue
            visited.add((module, names))
            top = module.partition(".")[0]
            if top in sys.stdlib_module_names:
                continue
            if not self._is_followed(top, followed):
                closure.libraries.setdefault(top, set()).add(importer)
                continue
            files, references = self._reach(module, names)
            for name, path in files:
                if name not in closure.modules:
                    closure.modules[name] = path
                    if name not in self._edges:
                        self._edges[name] = list(self._imports(name, path))
                    waiting += self._edges[name]
            waiting += references
        return closure

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Assume within the context that sources do not change, which makes closures faster."""
        if not self._snapshots:
            self._forget()
        self._snapshots += 1
        try:
            yield
        finally:
            self._snapshots -= 1

    def _forget(self) -> None:
        self._folders = dict(self._roots)
        self._files.clear()
        self._listings.clear()
        self._paths.clear()
        self._edges.clear()
        self._reached.clear()
        self._data.clear()
        self._digests.clear()

    def digest(self, path: Path) -> str:
        """Return the digest of the meaning of a source, or of the bytes of another file."""
        if path not in self._digests:
            source = path.suffix == ".py"
            self._digests[path] = self.cache.source(path).digest if source else content_digest(path)
        return self._digests[path]

    def _reach(
        self, module: str, names: tuple[str, ...]
    ) -> tuple[list[tuple[str, Path]], list[_Edge]]:
        """Return the files that ``from module import names`` runs, and the modules behind names."""
        if (module, names) not in self._reached:
            paths = [(name, self.path(name)) for name in _with_parents(module)]
            files = [(name, path) for name, path in paths if path is not None]
            self._reached[module, names] = files, list(self._named(module, names))
        return self._reached[module, names]

    def data(self, folder: Path) -> list[Path]:
        """Return the data files of the package in ``folder``."""
        if folder not in self._data:
            self._data[folder] = list(data_files(folder))
        return self._data[folder]

    def _imports(self, module: str, path: Path) -> Iterator[_Edge]:
        """Yield the imports of a source: a module, names taken from it, the importing module."""
        if path.suffix != ".py":
            return
        source = self.cache.source(path)
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        for statement in source.imports:
            yield _absolute(statement, package), statement.names or ("",), module
        for reference in source.references:
            yield reference, (), module

    def _named(self, module: str, names: tuple[str, ...]) -> Iterator[_Edge]:
        """Yield the modules behind names that are imported from ``module``.

        These are submodules, and modules of names that ``module`` offers lazily.

        The name ``""`` stands for the module itself, of which anything may be used.
        """
        path = self.path(module)
        is_source = path is not None and path.suffix == ".py"
        lazy = dict(self.cache.source(path).lazy) if path is not None and is_source else {}
        package = module if path is None or path.name == "__init__.py" else ""
        for name in names:
            if name in lazy:
                yield _lazy_module(lazy[name], module), (), module
            elif name in ("", "*"):
                for target in lazy.values():
                    yield _lazy_module(target, module), (), module
            elif package and self.path(f"{package}.{name}") is not None:
                yield f"{package}.{name}", ("",), module

    def path(self, module: str) -> Path | None:
        """Return the file of a module; ``None`` if there is none, as for a namespace package."""
        if module not in self._paths:
            self._paths[module] = self._find(module)
        return self._paths[module]

    def _find(self, module: str) -> Path | None:
        top, _, submodule = module.partition(".")
        folders = self._top(top)
        if not submodule and not folders:
            return self._files.get(top)
        for root in folders:
            folder = root.joinpath(*submodule.split(".")) if submodule else root
            if "__init__.py" in self._listing(folder):
                return folder / "__init__.py"
            if submodule:
                names = self._listing(folder.parent)
                for suffix in (".py", *EXTENSION_SUFFIXES):
                    if folder.name + suffix in names:
                        return folder.parent / (folder.name + suffix)
        return None

    def _top(self, top: str) -> list[Path]:
        """Return the folders of a top-level package; none for a module or a missing package."""
        if top not in self._folders:
            try:
                spec = importlib.util.find_spec(top)
            except (ImportError, AttributeError, ValueError):
                spec = None
            folders = list(spec.submodule_search_locations or ()) if spec is not None else []
            self._folders[top] = [Path(folder) for folder in folders]
            if spec is not None and not folders and spec.origin and spec.has_location:
                self._files[top] = Path(spec.origin)
        return self._folders[top]

    def _is_followed(self, top: str, followed: frozenset[str] | set[str]) -> bool:
        if top in followed:
            return True
        folders = self._top(top) or ([self._files[top]] if top in self._files else [])
        return bool(folders) and not any(
            part in _INSTALLED for root in folders for part in root.parts
        )

    def _listing(self, folder: Path) -> frozenset[str]:
        name = str(folder)
        if name not in self._listings:
            try:
                self._listings[name] = frozenset(os.listdir(name))
            except OSError:
                self._listings[name] = frozenset()
        return self._listings[name]

    def folder(self, top: str) -> Path | None:
        """Return the folder in which a top-level package or module is installed."""
        folders = self._top(top)
        if folders:
            return folders[0].parent
        return self._files[top].parent if top in self._files else None


def _within(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def _with_parents(module: str) -> Iterator[str]:
    """Yield ``a``, ``a.b`` and ``a.b.c`` for ``a.b.c``: an import runs all of them."""
    parts = module.split(".")
    return (".".join(parts[: count + 1]) for count in range(len(parts)))


def _absolute(statement: Imported, package: str) -> str:
    if not statement.level:
        return statement.module
    parts = package.split(".")
    base = parts[: len(parts) - statement.level + 1]
    return ".".join([*base, statement.module] if statement.module else base)


def _lazy_module(target: str, package: str) -> str:
    name = target.lstrip(".")
    level = len(target) - len(name)
    return _absolute(Imported(level, name, ()), package)
