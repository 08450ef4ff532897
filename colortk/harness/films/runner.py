"""Score films that are not stored yet, with the store and the workers of pictures."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from colortk.errors import PictureError
from colortk.harness.films.film_variants import (
    FRAME_FACTS,
    ORIGINAL,
    gets_whole_film,
    original,
)
from colortk.harness.films.film_worker import FilmTask, file_stamp, score_film
from colortk.harness.outcome import (
    Outcome,
    count_skipped,
    leave_out_duplicates,
    needs_work,
    record_result,
    stop_after_failures,
)
from colortk.harness.plugin_variants import PluginVariant
from colortk.harness.protocol import Protocol
from colortk.harness.results import Results
from colortk.harness.run_options import RunOptions
from colortk.harness.runner import metric_digests
from colortk.harness.sealing import hidden_from_plugins
from colortk.harness.sources import Source, distinct_sources
from colortk.harness.task_pool import run_tasks
from colortk.harness.unfinished import finished_keys, planned_pictures
from colortk.io.regular_files import open_regular
from colortk.plugin.registry import registry

#: Version of the data that are stored of a film besides scores.
_FACTS_VERSION = "1"


def film_sources(paths: Iterable[Path]) -> tuple[list[Source], dict[str, str], int]:
    """Find films in files; returns as :func:`colortk.harness.sources.find_sources` does."""
    return distinct_sources(paths, _digest_of)


def _digest_of(path: Path) -> str:
    """Return the SHA-256 of a file that may be larger than the memory."""
    try:
        with open_regular(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise PictureError(f"cannot read '{path}'", error.strerror or str(error)) from error


def run_films(
    films: Sequence[Source],
    variants: Sequence[PluginVariant],
    metrics: Sequence[str],
    protocol: Protocol,
    results: Results,
    run_options: RunOptions | None = None,
    advance: Callable[[int], None] = lambda n: None,
) -> Outcome:
    """Score every row on every film, and the films themselves, unless the results are stored.

    Parameters
    ----------
    films : sequence of Source
        The originals.
    variants : sequence of PluginVariant
        The rows, see :func:`colortk.harness.films.film_variants.film_variants`.
    metrics : sequence of str
        Names of metrics of films and of pictures.
    protocol : Protocol
        How films are prepared.
    results : Results
        The store.
    run_options : RunOptions, optional
        How the work is distributed and limited.
    advance : callable, optional
        Called with a number of frames; in all with the protocol's largest number for each film.

    Returns
    -------
    Outcome
        All results; the label ``ORIGINAL`` has the scores of the films themselves.

    Raises
    ------
    EnvironmentProblem
        If workers die. The scores so far are stored.
    """
    run_options = run_options or RunOptions()
    codes = metric_digests(metrics)
    alone = {
        name: code for name, code in codes.items() if not registry().metric(name).needs_reference
    }
    own = alone | dict.fromkeys(FRAME_FACTS, _FACTS_VERSION)
    kept = codes | own
    wanted = {film.picture for film in films}
    everyone = [original(), *variants]
    outcome = Outcome(
        results.pictures(protocol.hash, wanted),
        {e.label: results.results(protocol.hash, e.key, kept, wanted) for e in everyone},
    )
    todo: list[tuple[Source, tuple[PluginVariant, ...]]] = []
    for film in films:
        missing = [
            variant
            for variant in everyone
            if needs_work(
                outcome,
                film.picture,
                variant,
                own if variant.label == ORIGINAL else codes,
                run_options,
                run_options.repeats and variant.label != ORIGINAL and not gets_whole_film(variant),
            )
        ]
        if missing:
            todo += [(film, part) for part in _parts(missing, run_options.jobs, len(films))]
    each = protocol.definition["frames"]
    advance(each * (len(films) - len({film.picture for film, _ in todo})))
    results.plan(protocol, planned_pictures(todo, outcome.results))
    run_options = replace(run_options, jobs=max(1, min(run_options.jobs, len(todo))))
    shares = {film.picture: sum(f is film for f, _ in todo) for film, _ in todo}
    consecutive_failures: dict[str, int] = {}
    seen = 0
    name = secrets.token_hex(8)
    hidden = hidden_from_plugins(films, results.path.parent, False)

    def tick(count: int) -> None:
        nonlocal seen
        seen += count
        advance(count)

    def tasks() -> Iterator[FilmTask]:
        for film, missing in todo:
            left = tuple(e for e in missing if e.label not in outcome.unavailable)
            if not left:
                advance(each // shares[film.picture])
                continue
            try:
                stamp = file_stamp(Path(film.name))
            except OSError as error:
                outcome.unreadable[film.name] = f"cannot read '{film.name}': {error.strerror}"
                continue
            yield FilmTask(
                film.picture,
                film.name,
                b"",
                protocol,
                left,
                tuple(codes.items()),
                run_options.timeout,
                run_options.threads,
                name,
                run_options.repeats,
                hidden,
                stamp,
            )

    in_process = run_options.jobs <= 1
    for result in run_tasks(
        tasks(), run_options, partial(score_film, tick=tick) if in_process else score_film
    ):
        record_result(result, outcome, results, protocol, kept)
        stop_after_failures(result, outcome, consecutive_failures)
        advance(each // shares[result.task] - seen)
        seen = 0
    leave_out_duplicates(films, outcome)
    count_skipped(outcome)
    results.finish(protocol, finished_keys(everyone, outcome.skipped), wanted)
    return outcome


def _parts(missing: list[PluginVariant], jobs: int, films: int) -> list[tuple[PluginVariant, ...]]:
    """Divide the rows of a film, so that more processes than films can work.

    Rows of one plugin stay together: one prediction serves all of them.
    """
    together: dict[object, list[PluginVariant]] = {}
    for variant in missing:
        together.setdefault(variant.request, []).append(variant)
    groups = list(together.values())
    count = max(1, min(len(groups), jobs // max(1, films)))
    return [
        tuple(variant for group in groups[index::count] for variant in group)
        for index in range(count)
    ]
