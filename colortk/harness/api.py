"""``colortk.compare``: from pictures and names to a :class:`Comparison`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from colortk.color import Array
from colortk.encode import encode
from colortk.errors import ColortkError, UsageError
from colortk.harness.comparison import Comparison
from colortk.harness.entries import Entry, entries, entry
from colortk.harness.protocol import DEFAULT, protocol
from colortk.harness.results import Results
from colortk.harness.runner import How, Source, run, sources
from colortk.host import registry
from colortk.images import Picture
from colortk.progress import Progress, silent
from colortk.spec import ColorizerSpec, MetricSpec
from colortk.store.location import store_folder

#: The floor, which no table is without: it ties or beats many systems on PSNR and SSIM.
FLOOR = "gray"


def compare(
    images: Any,
    plugins: Sequence[str] | None = None,
    metrics: Sequence[str] | None = None,
    *,
    protocol_name: str = DEFAULT,
    changes: dict[str, Any] | None = None,
    every: bool = False,
    baseline: str | None = None,
    keep_grey: bool = False,
    jobs: int | None = None,
    how: How | None = None,
    store: Path | None = None,
    progress: Progress = silent,
) -> Comparison:
    """Score plugins on colour pictures.

    ``images``: a file, a folder, an array (uint8 (H, W, 3) sRGB), or several of these.
    ``plugins``: ``NAME[:option=value,…][@WEIGHTS]`` each; ``None``, or with ``every`` besides these:
    all that are installed and can run. ``gray`` is always among them. ``metrics``: names; ``None``:
    all. ``changes``: values that differ from the protocol's, as ``{"short_side": None, "refine":
    "none"}``. ``jobs``: processes. ``how``: these, time limit, cluster. ``store``: folder of the
    results that are kept, see :func:`colortk.store.location.store_folder`. Raises ``UsageError`` (no pictures, unknown
    names), ``PluginError``, ``ArtifactError`` or ``EnvironmentProblem``.
    """
    plugins, metrics = ([x] if isinstance(x, str) else x for x in (plugins, metrics))
    if jobs is not None:
        how = replace(how or How(), jobs=jobs)
    found, unreadable, repeats = gather(images)
    if not found:
        why = next(iter(unreadable.values()), "none were given")
        raise UsageError("no picture to compare on", why)
    specs = {name: registry().metric(name) for name in metrics or _metrics()}
    variation = protocol(protocol_name).varied(**(changes or {}))
    chosen, left_out = _entries(plugins, every, baseline, variation.refine)
    with (
        Results(store_folder(store)) as results,
        progress("scoring", len(found)) as advance,
    ):
        outcome = run(found, chosen, list(specs), variation, results, how, advance)
    outcome.unreadable = unreadable | outcome.unreadable
    return Comparison(
        variation,
        found,
        chosen,
        specs,
        outcome,
        left_out,
        keep_grey,
        baseline,
        repeats,
        metrics is not None,
    )


def gather(images: Any) -> tuple[list[Source], dict[str, str], int]:
    """Pictures of whatever was given, each content once; those unreadable; the repeats."""
    if isinstance(images, (str, Path, np.ndarray)):
        images = [images]
    images = list(images)
    paths = [Path(one) for one in images if not isinstance(one, np.ndarray)]
    found, unreadable, repeats = sources(paths)
    for number, array in enumerate(one for one in images if isinstance(one, np.ndarray)):
        source = _from_array(array, number)
        if any(source.picture == other.picture for other in found):
            repeats += 1
        else:
            found.append(source)
    return found, unreadable, repeats


def _from_array(array: Array, number: int) -> Source:
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or not array.size:
        raise UsageError(
            f"picture {number} cannot be compared on",
            f"it is {array.dtype} {array.shape}",
            "uint8 (H, W, 3) is wanted",
        )
    data = encode(array, Picture(array), "png", [])
    return Source(f"array {number}", hashlib.sha256(data).hexdigest(), data)


def _metrics() -> Iterable[str]:
    return registry().of(MetricSpec)


def _entries(
    plugins: Sequence[str] | None, every: bool, baseline: str | None, refine: str
) -> tuple[list[Entry], dict[str, str]]:
    """Who takes part, and who cannot: an unavailable plugin is an error only if it was named."""
    left_out: dict[str, str] = {}
    chosen: list[Entry] = []
    named = [*(plugins or ()), *([baseline] if baseline else [])]
    if plugins is None or every:
        for name in sorted(registry().of(ColorizerSpec)):
            try:
                chosen.append(entry(name, refine))
            except ColortkError as error:
                left_out[name] = str(error)
        for row in registry().broken:
            left_out[row.name] = f"{row.name} of {row.distribution} is broken: {row.reason}"
    labels = [e.label for e in chosen]
    chosen += entries((text for text in [FLOOR, *named] if text not in labels), refine)
    return chosen, left_out
