"""The identity of a result: a digest of all code, data and libraries that can change it.

This module computes the digest for all keys: scores of ``compare``, results of ``run --resume``,
films, and checkpoints of ``fit``. The digest changes with every module of the import closure of the
code that computes the result, from the decoded file to the pixels that are written or scored. It
does not change with docstrings, comments and layout. Weights, options, protocol and inputs are
other parts of each key.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from colortk.plugin.discover import DISTRIBUTION
from colortk.plugin.registry import registry
from colortk.plugin.spec import AnySpec, ColorizerSpec, MetricSpec
from colortk.runtime.import_closure import OURS, Closure, SourceTree
from colortk.runtime.library_versions import library_version
from colortk.runtime.source_cache import SourceCache

Work = Literal[
    "scores", "film scores", "hint scores", "files", "film", "training", "metric", "film metric"
]

#: The modules that do each kind of work. The other modules are found from their imports.
ENTRIES: dict[Work, tuple[str, ...]] = {
    "scores": ("colortk.harness.picture_worker",),
    "film scores": ("colortk.harness.films.film_worker",),
    "hint scores": ("colortk.harness.hint_worker",),
    "files": ("colortk.batch.worker",),
    "film": ("colortk.video.colorize_film",),
    "training": (),  # the plugin's trainer imports the modules of colortk.training that it uses
    "metric": ("colortk.harness.scoring",),
    "film metric": ("colortk.harness.films.film_scorer",),
}
#: The digest of a result leaves out metrics: scores have the digest of their metric beside it.
_METRIC_MODULES = ("colortk.harness.metrics", "colortk.harness.lpips", "colortk.harness.scoring")
#: Libraries that our modules import and that change no result: for the command line, for processes,
#: and frameworks for training. Trainers name the frameworks that they use.
_IGNORED = frozenset(
    (
        "click", "dask", "distributed", "gradio", "jax", "joblib", "keras", "matplotlib", "onnx",
        "packaging", "platformdirs", "pluggy", "rich", "tensorflow", "threadpoolctl", "torch",
        "uvicorn",
    )
)  # fmt: skip


def colorizer_code(
    spec: ColorizerSpec, refine: str, work: Work, tree: SourceTree | None = None
) -> str:
    """Return the digest of the installed code that makes results of a plugin.

    Parameters
    ----------
    spec : ColorizerSpec
        The plugin.
    refine : str
        Name of the refinement that its chroma goes through.
    work : str
        The kind of result: a key of :data:`ENTRIES`.
    tree : SourceTree, optional
        The sources. The default is those that this process imports from.

    Returns
    -------
    str
        40 hexadecimal digits.

    Raises
    ------
    UsageError
        If the refinement is not known, or a data file cannot be read.
    """
    refiner = registry().refiner(refine)
    modules = [_module(spec.factory), _module(refiner.function)]
    modules += [*_declared(spec, spec.options), *refiner.modules]
    own_packages = _own_packages(spec, spec.factory) | _own_packages(refiner, refiner.function)
    facts = [f"{spec.factory} {spec.api_version} {spec.working_size!r}", refiner.function]
    facts += ["guided"] if spec.guided else []
    facts += [spec.output] if spec.output != "ab" else []
    without = _METRIC_MODULES if work in ("scores", "film scores") else ()
    return code_digest([*ENTRIES[work], *modules], own_packages, without, facts, tree)


def metric_code(spec: MetricSpec, tree: SourceTree | None = None) -> str:
    """Return the digest of the installed code that computes a metric."""
    module = _module(spec.function)
    entries = ENTRIES["film metric" if spec.takes == "film" else "metric"]
    facts = [f"{spec.function} {spec.api_version} {spec.takes} {spec.needs_reference}"]
    modules = [*entries, module, *spec.modules]
    return code_digest(modules, _own_packages(spec, spec.function), (), facts, tree)


def training_code(
    spec: ColorizerSpec | None,
    modules: Iterable[str] = (),
    libraries: Iterable[str] = (),
    tree: SourceTree | None = None,
) -> str:
    """Return the digest of the code that trains a plugin, its network included.

    Parameters
    ----------
    spec : ColorizerSpec or None
        The plugin; ``None`` if no plugin of the training's name is installed.
    modules : iterable of str
        Further modules that the training uses.
    libraries : iterable of str
        Modules of the frameworks that compute the training, such as "keras" and "tensorflow".
    tree : SourceTree, optional
        As of :func:`colorizer_code`.
    """
    roots = [*ENTRIES["training"], *modules]
    own_packages = {module.partition(".")[0] for module in roots}
    if spec is not None:
        roots += [_module(spec.factory), *_declared(spec, spec.train_options)]
        roots += [_module(spec.trainer)] if spec.trainer else []
        own_packages |= _own_packages(spec, spec.factory) | {
            _module(spec.trainer).partition(".")[0]
        }
    versions = [_version(library, _tree(tree)) for library in libraries]
    return code_digest(roots, own_packages, (), versions, tree)


def film_scores_code(tree: SourceTree | None = None) -> str:
    """Return the digest of the code that runs plugins on films and scores the results."""
    return code_digest(ENTRIES["film scores"], (), _METRIC_MODULES, (), tree)


def hint_scores_code(tree: SourceTree | None = None) -> str:
    """Return the digest of the code that draws hints and scores the guided pictures."""
    return code_digest(ENTRIES["hint scores"], (), _METRIC_MODULES, (), tree)


def host_code(refine: str, work: Work) -> str:
    """Return the digest of the host's own code for a kind of work, and of a refinement."""
    refiner = registry().refiner(refine)
    modules = [*ENTRIES[work], _module(refiner.function), *refiner.modules]
    without = _METRIC_MODULES if work in ("scores", "film scores") else ()
    return code_digest(modules, _own_packages(refiner, refiner.function), without)


@lru_cache(maxsize=16)
def running_host_code(refine: str, work: Work) -> str:
    """Return :func:`host_code` as it was when this process first called it.

    This is the code that runs, even if the files have changed since.
    """
    return host_code(refine, work)


@lru_cache(maxsize=256)
def running_metric_code(spec: MetricSpec) -> str:
    """Return :func:`metric_code` as it was when this process first used it."""
    return metric_code(spec)


@lru_cache(maxsize=1)
def running_film_scores_code() -> str:
    """Return :func:`film_scores_code` as it was when this process first used it."""
    return film_scores_code()


@lru_cache(maxsize=1)
def running_hint_scores_code() -> str:
    """Return :func:`hint_scores_code` as it was when this process first used it."""
    return hint_scores_code()


@lru_cache(maxsize=64)
def running_code(*modules: str) -> str:
    """Return the digest of modules and their imports, as of the first call in this process.

    Use it in the key of results that a plugin stores.

    Parameters
    ----------
    *modules : str
        Names of modules, such as ``__name__``.

    Returns
    -------
    str
        40 hexadecimal digits.
    """
    return code_digest(modules, {module.partition(".")[0] for module in modules})


def code_digest(
    modules: Iterable[str],
    own_packages: Iterable[str] = (),
    without: tuple[str, ...] = (),
    facts: Iterable[str] = (),
    tree: SourceTree | None = None,
) -> str:
    """Return the digest of the import closure of ``modules``, its data and its libraries.

    Parameters
    ----------
    modules : iterable of str
        Names of modules.
    own_packages : iterable of str
        Top-level packages whose sources count, besides ours. For others, the version counts.
    without : tuple of str
        Packages that do not count.
    facts : iterable of str
        Other values that the result depends on.
    tree : SourceTree, optional
        As of :func:`colorizer_code`.
    """
    tree = _tree(tree)
    closure = tree.closure(modules, own_packages, without)
    lines = [f"module {name} {tree.digest(path)}" for name, path in closure.modules.items()]
    lines += [f"data {line}" for line in _data(closure, tree)]
    for name, importers in closure.libraries.items():
        if name not in _IGNORED or not all(_is_ours(importer) for importer in importers):
            lines.append(f"library {_version(name, tree)}")
    lines += [f"fact {fact}" for fact in facts]
    tree.cache.save()
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:40]


def _data(closure: Closure, tree: SourceTree) -> list[str]:
    """Return a line for each data file of the packages of the closure."""
    folders = {
        path.parent: name if path.name == "__init__.py" else name.rpartition(".")[0]
        for name, path in closure.modules.items()
    }
    return [
        f"{package} {path.relative_to(folder).as_posix()} {tree.digest(path)}"
        for folder, package in folders.items()
        if package  # files beside a module without a package need not belong to it
        for path in tree.data(folder)
    ]


def snapshot() -> contextlib.AbstractContextManager[None]:
    """Assume within the context that sources do not change, which makes digests faster."""
    return _installed().snapshot()


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in OURS


def _version(module: str, tree: SourceTree) -> str:
    return library_version(module, tree.folder(module))


def _module(path: str) -> str:
    return path.partition(":")[0]


def _declared(spec: ColorizerSpec, options: type[Any] | str | None) -> list[str]:
    """Return the modules that a declaration names besides the factory's module."""
    if isinstance(options, str):
        modules = [_module(options)]
    else:
        modules = [options.__module__] if options is not None else []
    return [
        *spec.modules,
        *(need.module for need in spec.requires),
        *modules,
    ]


def _own_packages(spec: AnySpec, path: str) -> frozenset[str]:
    """Return the top-level packages of an import path, and of the distribution of ``spec``."""
    own_packages = frozenset([path.partition(":")[0].partition(".")[0]])
    plugin = registry().of(type(spec)).get(spec.name)
    if plugin is None or plugin.spec != spec or plugin.distribution == DISTRIBUTION:
        return own_packages
    return own_packages | _top_levels(plugin.distribution)


@lru_cache(maxsize=64)
def _top_levels(distribution: str) -> frozenset[str]:
    try:
        installed = importlib.metadata.distribution(distribution)
        text = installed.read_text("top_level.txt")
        if text is not None:
            return frozenset(text.split())
        names = [str(path).replace("\\", "/").partition("/")[0] for path in installed.files or ()]
    except Exception:  # metadata may be damaged in any way
        return frozenset()
    names = [name.removesuffix(".py") for name in names]
    return frozenset(name for name in names if name.isidentifier())


def _tree(tree: SourceTree | None) -> SourceTree:
    return tree if tree is not None else _installed()


@lru_cache(maxsize=1)
def _installed() -> SourceTree:
    """Return the sources that this process imports from, with a cache on the disk."""
    try:
        from platformdirs import user_cache_path

        folder: Path | None = user_cache_path("colortk")
    except Exception:  # no home folder, or none that can be found
        folder = None
    return SourceTree(SourceCache(folder))
