"""The identity of a result: a digest of all code, data and libraries that can change it.

One module answers for every key: scores of ``compare``, results of ``run --resume``, films, and
checkpoints of ``fit``. A key changes with every module of the import closure of what computes the
result, from the file that is decoded to the pixels that are written or scored. It does not change
with docstrings, comments and layout. Weights, options, protocol and inputs are parts of each key
beside this digest.
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

Work = Literal["scores", "film scores", "files", "film", "training", "metric", "film metric"]

#: The modules whose functions carry out each kind of work. All else is found from them.
ENTRIES: dict[Work, tuple[str, ...]] = {
    "scores": ("colortk.harness.picture_worker",),
    "film scores": ("colortk.harness.films.film_worker",),
    "files": ("colortk.batch.worker",),
    "film": ("colortk.video.colorize_film",),
    "training": (),  # the plugin's trainer, which imports what it uses of colortk.training
    "metric": ("colortk.harness.scoring",),
    "film metric": ("colortk.harness.films.film_scorer",),
}
#: Scores have the digest of their metric beside that of the result, so a result's own leaves them out.
_METRICS = ("colortk.harness.metrics", "colortk.harness.lpips", "colortk.harness.scoring")
#: Libraries that our modules import and that change no result: the command line and processes, and
#: frameworks for training. A trainer names the frameworks that it uses.
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
    """Return the digest of the code that makes results of a plugin, as it is installed now.

    Parameters
    ----------
    spec : ColorizerSpec
        The plugin.
    refine : str
        Name of the refinement that its chroma goes through.
    work : str
        What is made: a key of :data:`ENTRIES`.
    tree : SourceTree, optional
        Where the sources lie; the default is where this process imports from.

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
    own = _own(spec, spec.factory) | _own(refiner, refiner.function)
    facts = [f"{spec.factory} {spec.api_version} {spec.working_size!r}", refiner.function]
    without = _METRICS if work in ("scores", "film scores") else ()
    return code_digest([*ENTRIES[work], *modules], own, without, facts, tree)


def metric_code(spec: MetricSpec, tree: SourceTree | None = None) -> str:
    """Return the digest of the code that computes a metric, as it is installed now."""
    module = _module(spec.function)
    entries = ENTRIES["film metric" if spec.takes == "film" else "metric"]
    facts = [f"{spec.function} {spec.api_version} {spec.takes} {spec.needs_reference}"]
    modules = [*entries, module, *spec.modules]
    return code_digest(modules, _own(spec, spec.function), (), facts, tree)


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
        Modules of the frameworks that it computes with, as "keras" and "tensorflow".
    tree : SourceTree, optional
        As of :func:`colorizer_code`.
    """
    roots = [*ENTRIES["training"], *modules]
    own = {module.partition(".")[0] for module in roots}
    if spec is not None:
        roots += [_module(spec.factory), *_declared(spec, spec.train_options)]
        roots += [_module(spec.trainer)] if spec.trainer else []
        own |= _own(spec, spec.factory) | {_module(spec.trainer).partition(".")[0]}
    versions = [_version(library, _tree(tree)) for library in libraries]
    return code_digest(roots, own, (), versions, tree)


def film_scores_code(tree: SourceTree | None = None) -> str:
    """Return the digest of the code that plays films to plugins and scores them."""
    return code_digest(ENTRIES["film scores"], (), _METRICS, (), tree)


def host_code(refine: str, work: Work) -> str:
    """Return the digest of the host's own code for a kind of work, and of a refinement."""
    refiner = registry().refiner(refine)
    modules = [*ENTRIES[work], _module(refiner.function), *refiner.modules]
    without = _METRICS if work in ("scores", "film scores") else ()
    return code_digest(modules, _own(refiner, refiner.function), without)


@lru_cache(maxsize=16)
def running_host_code(refine: str, work: Work) -> str:
    """Return :func:`host_code` as it was when this process first used it.

    What runs is what was imported then, whatever the files hold by now.
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


@lru_cache(maxsize=64)
def running_code(*modules: str) -> str:
    """Return the digest of ``modules`` and all that they import, when this process first used it."""
    return code_digest(modules, {module.partition(".")[0] for module in modules})


def code_digest(
    modules: Iterable[str],
    own: Iterable[str] = (),
    without: tuple[str, ...] = (),
    facts: Iterable[str] = (),
    tree: SourceTree | None = None,
) -> str:
    """Return the digest of the import closure of ``modules``, its data and its libraries.

    Parameters
    ----------
    modules : iterable of str
        Names of modules.
    own : iterable of str
        Top-level packages whose sources count, besides ours; of others the version does.
    without : tuple of str
        Packages that do not count.
    facts : iterable of str
        What the result depends on besides.
    tree : SourceTree, optional
        As of :func:`colorizer_code`.
    """
    tree = _tree(tree)
    closure = tree.closure(modules, own, without)
    lines = [f"module {name} {tree.digest(path)}" for name, path in closure.modules.items()]
    lines += [f"data {line}" for line in _data(closure, tree)]
    for name, importers in closure.libraries.items():
        if name not in _IGNORED or not all(_is_ours(importer) for importer in importers):
            lines.append(f"library {_version(name, tree)}")
    lines += [f"fact {fact}" for fact in facts]
    tree.cache.save()
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:40]


def _data(closure: Closure, tree: SourceTree) -> list[str]:
    """Data files of the packages that the closure has modules of."""
    folders = {
        path.parent: name if path.name == "__init__.py" else name.rpartition(".")[0]
        for name, path in closure.modules.items()
    }
    return [
        f"{package} {path.relative_to(folder).as_posix()} {tree.digest(path)}"
        for folder, package in folders.items()
        if package  # a module in no package lies among files of anybody
        for path in tree.data(folder)
    ]


def snapshot() -> contextlib.AbstractContextManager[None]:
    """Take the sources for unchanged while the context lasts, so that several digests are faster."""
    return _installed().snapshot()


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in OURS


def _version(module: str, tree: SourceTree) -> str:
    return library_version(module, tree.folder(module))


def _module(path: str) -> str:
    return path.partition(":")[0]


def _declared(spec: ColorizerSpec, options: type[Any] | str | None) -> list[str]:
    """Modules that the declaration names, besides the factory's."""
    if isinstance(options, str):
        named = [_module(options)]
    else:
        named = [options.__module__] if options is not None else []
    return [
        *spec.modules,
        *(need.module for need in spec.requires),
        *named,
    ]


def _own(spec: AnySpec, path: str) -> frozenset[str]:
    """Top-level packages of what ``path`` names, and of the distribution that ``spec`` came with."""
    own = frozenset([path.partition(":")[0].partition(".")[0]])
    plugin = registry().of(type(spec)).get(spec.name)
    if plugin is None or plugin.spec != spec or plugin.distribution == DISTRIBUTION:
        return own
    return own | _top_levels(plugin.distribution)


@lru_cache(maxsize=64)
def _top_levels(distribution: str) -> frozenset[str]:
    try:
        installed = importlib.metadata.distribution(distribution)
        text = installed.read_text("top_level.txt")
        if text is not None:
            return frozenset(text.split())
        names = [str(path).replace("\\", "/").partition("/")[0] for path in installed.files or ()]
    except Exception:  # metadata of others may be damaged in any way
        return frozenset()
    names = [name.removesuffix(".py") for name in names]
    return frozenset(name for name in names if name.isidentifier())


def _tree(tree: SourceTree | None) -> SourceTree:
    return tree if tree is not None else _installed()


@lru_cache(maxsize=1)
def _installed() -> SourceTree:
    """The sources that this process imports from, with a cache on the disk."""
    try:
        from platformdirs import user_cache_path

        folder: Path | None = user_cache_path("colortk")
    except Exception:  # no home folder, or none that can be found
        folder = None
    return SourceTree(SourceCache(folder))
