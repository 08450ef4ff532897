"""``colortk.compare``: from pictures and names to a :class:`Comparison`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from colortk.errors import ColortkError, EnvironmentProblem, UsageError
from colortk.harness.comparison import Comparison
from colortk.harness.films.film_variants import PROTOCOL, STEADIED, TEMPORAL, rows
from colortk.harness.plugin_variants import PluginVariant, parse_variant, parse_variants
from colortk.harness.protocol import DEFAULT, Protocol, load_protocol
from colortk.harness.results import Results
from colortk.harness.run_options import RunOptions
from colortk.harness.runner import run_pictures
from colortk.harness.sources import Source, find_sources
from colortk.io.decode import Picture
from colortk.io.discovery import find_films as films_in
from colortk.io.discovery import find_pictures, is_film
from colortk.io.encode import encode
from colortk.plugin.registry import registry
from colortk.plugin.spec import ColorizerSpec, MetricSpec
from colortk.runtime.progress import Progress, silent
from colortk.runtime.provenance import snapshot
from colortk.store.location import store_folder
from colortk.types import Array

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
    keep_gray: bool = False,
    family: Sequence[str] = (),
    common: bool = False,
    frames: int | None = None,
    temporal: Sequence[str] = ("off", "flow"),
    jobs: int | None = None,
    run_options: RunOptions | None = None,
    store: Path | None = None,
    progress: Progress = silent,
) -> Comparison:
    """Score plugins on colour pictures and films.

    ``images``: a file, a folder, an array (uint8 (H, W, 3) sRGB), or several of these. Films among
    them are a comparison of their own, ``films`` of the result.
    ``plugins``: ``NAME[:option=value,…][@WEIGHTS]`` each; ``None``, or with ``every`` besides these:
    all that are installed and can run. ``gray`` is always among them. ``metrics``: names; ``None``:
    all. ``changes``: values that differ from the protocol's, as ``{"short_side": None, "refine":
    "none"}``. ``keep_gray``: score gray originals too, as a comparison of their own, ``gray`` of
    the result. ``family``: plugins whose pairs are corrected together (Holm); every other pair is
    tested by itself. ``common``: score all plugins on the pictures that every plugin has a score
    of. ``frames``: of every film at most so many, from its beginning. ``temporal``: films
    frame by frame ("off"), steadied ("flow"); none: no films. ``jobs``: processes. ``how``: these, time limit, cluster. ``store``: folder of the
    results that are kept, see :func:`colortk.store.location.store_folder`. Raises ``UsageError`` (no pictures, unknown
    names), ``PluginError``, ``ArtifactError`` or ``EnvironmentProblem``.
    """
    plugins, metrics = ([x] if isinstance(x, str) else x for x in (plugins, metrics))
    if jobs is not None:
        run_options = replace(run_options or RunOptions(), jobs=jobs)
    unknown = [way for way in temporal if way not in TEMPORAL]
    if unknown:
        raise UsageError(f"temporal '{unknown[0]}'", f"known: {', '.join(TEMPORAL)}")
    if frames is not None and (not isinstance(frames, int) or frames < 1):
        raise UsageError(f"{frames} frames", "a whole number from 1 is wanted")
    images, clips, refused = _apart(images, bool(temporal))
    if clips and run_options is not None and run_options.scheduler is not None:
        raise UsageError(
            "films are not sent to a Dask cluster",
            hint="compare them without it, or leave them out: --temporal skip",
        )
    found, unreadable, repeats = gather(images)
    unreadable |= refused
    if not found and not clips:
        why = next(iter(unreadable.values()), "none were given")
        raise UsageError("no picture to compare on", why)
    specs, more = _metrics(metrics, bool(clips))
    if not specs:
        found, specs = [], dict(registry().metrics())
    variation = load_protocol(protocol_name).varied(**(changes or {}))
    with snapshot():
        chosen, left_out = _entries(plugins, every, baseline, variation.refine)
    _family(family, chosen, chosen)
    with Results(store_folder(store)) as results:
        with progress("scoring", len(found)) as advance:
            outcome = run_pictures(
                found, chosen, list(specs), variation, results, run_options, advance
            )
        outcome.unreadable = unreadable | outcome.unreadable
        repeats += len(outcome.same_pixels)
        films = None
        if clips:
            told = (changes or {}) | ({} if frames is None else {"frames": frames})
            films = _films(
                clips,
                chosen,
                temporal,
                more,
                load_protocol(PROTOCOL).varied(**told),
                results,
                run_options,
                progress,
            )
            films.keep_gray, films.asked = keep_gray, metrics is not None
            films.family, films.common = _family(family, films.variants, chosen), common
            films.baseline = _film_baseline(films, baseline)
        results.flush()
        problem = results.problem
    return Comparison(
        variation,
        found,
        chosen,
        specs,
        outcome,
        left_out,
        keep_gray=keep_gray,
        baseline=baseline,
        repeats=repeats,
        asked=metrics is not None,
        films=films,
        family=_family(family, chosen, chosen),
        common=common,
        store_problem=problem,
    )


def _family(
    names: Sequence[str], variants: Sequence[PluginVariant], chosen: Sequence[PluginVariant]
) -> tuple[str, ...]:
    """The rows of a family: of pictures, or of films, where a plugin may have two."""
    known = {e.label for e in chosen}
    for name in names:
        if name not in known:
            hint = f"the rows are: {', '.join(sorted(known))}"
            raise UsageError(f"--family {name}: no such row in this comparison", hint=hint)
    if len(set(names)) == 1:
        raise UsageError("a family of one plugin has no pairs", hint="name --family twice or more")
    wanted = {name + end for name in names for end in ("", STEADIED)}
    return tuple(e.label for e in variants if e.label in wanted)


def _apart(images: Any, films: bool) -> tuple[list[Any], list[Path], dict[str, str]]:
    """Pictures, with folders as what is in them; films; and films that there is no PyAV for.

    That is an ``EnvironmentProblem`` where a film was named or there is nothing else.
    """
    if isinstance(images, (str, Path, np.ndarray)):
        images = [images]
    pictures: list[Any] = []
    clips: list[Path] = []
    named = False
    for one in images:
        place = one if isinstance(one, np.ndarray) else Path(one)
        if not films or isinstance(place, np.ndarray):
            pictures.append(place)
        elif is_film(place):
            clips.append(place)
            named = True
        elif place.is_dir() and (there := films_in(place)):
            clips += there
            pictures += find_pictures(place, needed=False)
        else:
            pictures.append(place)
    if not clips:
        return pictures, clips, {}
    try:
        import colortk.video._av  # noqa: F401
    except EnvironmentProblem as error:
        if named or not pictures:
            raise
        count = f"{len(clips)} film{'s are' if len(clips) > 1 else ' is'} left out"
        return pictures, [], {str(clips[0].parent): f"{count}: {error}"}
    return pictures, clips, {}


def _films(
    clips: list[Path],
    chosen: list[PluginVariant],
    temporal: Sequence[str],
    specs: dict[str, MetricSpec],
    variation: Protocol,
    results: Results,
    run_options: RunOptions | None,
    progress: Progress,
) -> Comparison:
    """The comparison on films. What it needs is imported here: PyAV is not everybody's."""
    from colortk.harness.films.comparison import FilmComparison
    from colortk.harness.films.runner import film_sources, run_films

    found, unreadable, repeats = film_sources(clips)
    variants = rows(chosen, temporal, FLOOR)
    with progress("films", len(found) * variation.definition["frames"]) as advance:
        outcome = run_films(found, variants, list(specs), variation, results, run_options, advance)
    outcome.unreadable = unreadable | outcome.unreadable
    repeats += len(outcome.same_pixels)
    return FilmComparison(variation, found, variants, specs, outcome, repeats=repeats)


def _film_baseline(films: Comparison, baseline: str | None) -> str | None:
    """The row of the baseline: its frames alone, or steadied if there is only that."""
    if baseline is None or baseline in (e.label for e in films.variants):
        return baseline
    return baseline + STEADIED


def gather(images: Any) -> tuple[list[Source], dict[str, str], int]:
    """Pictures of whatever was given, each content once; those unreadable; the repeats."""
    if isinstance(images, (str, Path, np.ndarray)):
        images = [images]
    images = list(images)
    paths = [Path(one) for one in images if not isinstance(one, np.ndarray)]
    found, unreadable, repeats = find_sources(paths)
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


def _metrics(
    names: Sequence[str] | None, films: bool
) -> tuple[dict[str, MetricSpec], dict[str, MetricSpec]]:
    """Metrics of pictures, and all, which films have; ``UsageError`` if none can score anything."""
    if not names:
        return registry().metrics(), registry().metrics() | registry().metrics(films=True)
    asked = {name: registry().metric(name) for name in names}
    pictures = {name: spec for name, spec in asked.items() if spec.takes != "film"}
    if not pictures and not films:
        raise UsageError(f"metric '{names[0]}' scores films", "none were given")
    return (pictures if pictures or films else asked), asked


def _entries(
    plugins: Sequence[str] | None, every: bool, baseline: str | None, refine: str
) -> tuple[list[PluginVariant], dict[str, str]]:
    """Who takes part, and who cannot: an unavailable plugin is an error only if it was named."""
    left_out: dict[str, str] = {}
    chosen: list[PluginVariant] = []
    named = [*(plugins or ()), *([baseline] if baseline else [])]
    if plugins is None or every:
        for name in sorted(registry().of(ColorizerSpec)):
            try:
                chosen.append(parse_variant(name, refine))
            except ColortkError as error:
                left_out[name] = str(error)
        for row in registry().broken:
            left_out[row.name] = f"{row.name} of {row.distribution} is broken: {row.reason}"
    labels = [e.label for e in chosen]
    chosen += parse_variants((text for text in [FLOOR, *named] if text not in labels), refine)
    return chosen, left_out
