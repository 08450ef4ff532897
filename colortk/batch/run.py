"""Colorize files from Python; ``colortk run`` does the same from the command line."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from colortk.batch.batch_run import BatchRun
from colortk.batch.inputs import find_inputs
from colortk.batch.options import DEFAULT_SUFFIX, STANDARD_STREAM, BatchOptions
from colortk.batch.results import FileResult
from colortk.errors import Notice, UsageError
from colortk.guidance.options import GuidanceOptions
from colortk.io.decode import MAX_PIXELS
from colortk.plugin.options import option_texts
from colortk.plugin.spec import DEFAULT

PathLike = str | os.PathLike[str]


def colorize_files(
    inputs: PathLike | Iterable[PathLike],
    output: PathLike | None = None,
    *,
    plugin: str = DEFAULT,
    options: Mapping[str, Any] | None = None,
    weights: PathLike | None = None,
    refine: str = "ratio",
    strength: float = 1.0,
    recursive: bool = False,
    suffix: str = DEFAULT_SUFFIX,
    extension: str | None = None,
    force: bool = False,
    skip_existing: bool = False,
    resume: bool = False,
    max_pixels: int | None = None,
    allow_truncated: bool = False,
    keep_intermediates: bool = False,
    guidance: GuidanceOptions | None = None,
    variants: int | None = None,
    seed: int = 0,
    jobs: int | None = None,
    threads: int | None = None,
    timeout: float | None = None,
    scheduler: str | None = None,
    store: PathLike | None = None,
) -> Iterator[FileResult]:
    """Colorize picture files and write the results.

    Outputs are planned when the first result is asked for, before the first picture is decoded. A
    picture that cannot be colorized is a result with an ``error``, and the others go on.

    Parameters
    ----------
    inputs : path or iterable of paths
        Files, folders and patterns, such as ``"scans/*.tif"``.
    output : path or None
        A folder, which is made if it does not exist; for a single file also the output file.
        ``None`` writes each result beside its input.
    plugin : str
        Name of the colorizer.
    options : mapping of str to object
        Options of the plugin by name.
    weights : path or None
        Folder of weights that ``colortk fit`` wrote; ``None`` uses the plugin's own weights.
    refine : {"ratio", "slide", "none"} or str
        Name of the chroma refinement.
    strength : float
        Factor on chroma, 0 to 2.
    recursive : bool
        Descend into subfolders.
    suffix : str
        Added to the names of results that are written beside their inputs.
    extension : str or None
        File type of the results, such as ``"png"``; ``None`` keeps the input's type.
    force : bool
        Overwrite results.
    skip_existing : bool
        Keep results that exist.
    resume : bool
        Skip pictures that an earlier run with the same options has finished.
    max_pixels : int or None
        Refuse larger pictures; ``None`` is Pillow's limit.
    allow_truncated : bool
        Colorize the part of a damaged JPEG, PNG or TIFF that can be decoded; the rest is gray.
    keep_intermediates : bool
        Pickle predicted A and B into the store.
    guidance : GuidanceOptions or None
        Colors that the user sets. Hints, strokes and masks are for a single picture; with
        ``sidecars`` they are read from files beside each picture.
    variants : int or None
        Number of versions of each picture, 1 to 16; their names end in -1, -2, and so on. The
        plugin must be able to make several (``effnet_bins`` is).
    seed : int
        Another seed gives other versions.
    jobs : int or None
        Worker processes: 1 is this process, 0 is one per core, and ``None`` is one per core for
        many pictures and this process for few.
    threads : int or None
        Threads per worker process; ``None`` shares the cores between the processes.
    timeout : float or None
        Seconds for one picture; a picture that takes longer fails.
    scheduler : str or None
        Address of a Dask scheduler, as ``tcp://host:8786``, whose workers do the work. They must
        see the same files under the same paths.
    store : path or None
        Folder of the store; ``None`` is the user's.

    Returns
    -------
    iterator of FileResult
        One for each finished picture: in order from this process, in completion order from
        several. Close the iterator, or use it up, to end the worker processes.

    Raises
    ------
    UsageError
        The options contradict each other or do not fit the inputs.
    PluginError, ArtifactError
        The plugin cannot be loaded; raised by the iterator.
    EnvironmentProblem
        The Dask cluster cannot be reached or was lost; raised by the iterator.

    Examples
    --------
    >>> from colortk.batch.run import colorize_files
    >>> for result in colorize_files("scans", "colored", plugin="gray"):  # doctest: +SKIP
    ...     print(result.error or result.output)
    """
    paths = [inputs] if isinstance(inputs, (str, os.PathLike)) else list(inputs)
    names = [os.fspath(path) for path in paths]
    if STANDARD_STREAM in names or output == STANDARD_STREAM:
        reason = "only the command reads standard input and writes standard output"
        raise UsageError("'-' is not a file", reason, "use colortk.colorize for bytes")
    if not math.isfinite(strength) or not 0 <= strength <= 2:
        raise UsageError(
            f"strength {strength}", "strength is a factor", "give a number from 0 to 2"
        )
    if timeout is not None and not timeout > 0:
        reason = "a time limit is a number of seconds above 0"
        raise UsageError(f"timeout {timeout}", reason, "leave it out for no limit")
    if jobs is not None and jobs < 0:
        raise UsageError(
            f"jobs {jobs}", "the number of processes cannot be negative", "give 0 for all cores"
        )
    output_path = None if output is None else Path(output)
    items = find_inputs(names, (), recursive, output_path)
    if not items:
        raise UsageError("there is nothing to colorize", "no input is given", "name a picture")
    intermediates = None
    if keep_intermediates:
        from colortk.store.location import store_folder

        intermediates = store_folder(None if store is None else Path(store))
    several = len(items) > 1 or items[0].folder is not None
    ends_with_slash = output is not None and os.fspath(output).endswith(("/", os.sep))
    batch_options = BatchOptions(
        output=output_path,
        output_is_folder=several or ends_with_slash,
        suffix=suffix,
        extension=extension.lower().lstrip(".") if extension else None,
        plugin=plugin,
        options=option_texts(options),
        weights=None if weights is None else Path(weights),
        refine=refine,
        strength=strength,
        max_pixels=max_pixels or MAX_PIXELS,
        allow_truncated=allow_truncated,
        intermediates=intermediates,
        guidance=guidance,
        variants=variants,
        seed=seed,
        force=force,
        skip_existing=skip_existing,
        resume=resume,
        jobs=jobs,
        threads=threads,
        timeout=timeout,
        scheduler=scheduler,
    )
    batch = BatchRun(items, batch_options, None if store is None else Path(store))
    return _results(batch)


def _results(batch: BatchRun) -> Iterator[FileResult]:
    with batch, closing(batch.results()) as results:
        if batch.journal_problem:
            text = f"this run cannot be resumed: {batch.journal_problem}"
            warnings.warn(Notice(text), stacklevel=3)
        yield from results
