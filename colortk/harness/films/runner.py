"""Runs what is missing of films: as the runner of pictures does, with its store and its processes."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from colortk.errors import PictureError
from colortk.harness.films.film_variants import FACTS, ORIGINAL, original
from colortk.harness.films.film_worker import FilmTask, stamp, work
from colortk.harness.plugin_variants import Entry
from colortk.harness.protocol import Protocol
from colortk.harness.results import Results
from colortk.harness.runner import (
    How,
    Outcome,
    Source,
    distinct,
    give_up,
    keep,
    leave_out_repeats,
    metric_codes,
    missing_of,
    spread,
)
from colortk.harness.sealing import hidden_from_plugins
from colortk.io.regular_files import open_regular
from colortk.plugin.registry import registry

#: Version of what is kept of a film besides scores.
_FACTS = "1"


def film_sources(paths: Iterable[Path]) -> tuple[list[Source], dict[str, str], int]:
    """Films of files, each content once; those unreadable; how many were repeats."""
    return distinct(paths, _digest_of)


def _digest_of(path: Path) -> str:
    """Of a file that memory need not hold."""
    try:
        with open_regular(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise PictureError(f"cannot read '{path}'", error.strerror or str(error)) from error


def run_films(
    films: Sequence[Source],
    entries: Sequence[Entry],
    metrics: Sequence[str],
    protocol: Protocol,
    results: Results,
    how: How | None = None,
    advance: Callable[[int], None] = lambda n: None,
) -> Outcome:
    """Score every entry on every film, and the films themselves; what is kept is not computed again.

    ``entries``: as :func:`colortk.harness.films.film_variants.rows` makes them. ``advance`` is called with
    frames, as many for every film as the protocol takes at most. The outcome has the scores of the
    films under ``ORIGINAL``. Raises ``EnvironmentProblem`` if workers die; what was done is kept.
    """
    how = how or How()
    codes = metric_codes(metrics)
    alone = {
        name: code for name, code in codes.items() if not registry().metric(name).needs_reference
    }
    own = alone | dict.fromkeys(FACTS, _FACTS)
    kept = codes | own
    wanted = {film.picture for film in films}
    everyone = [original(), *entries]
    outcome = Outcome(
        results.pictures(protocol.hash, wanted),
        {e.label: results.results(protocol.hash, e.key, kept, wanted) for e in everyone},
    )
    todo: list[tuple[Source, tuple[Entry, ...]]] = []
    for film in films:
        missing = [
            entry
            for entry in everyone
            if missing_of(
                outcome,
                film.picture,
                entry,
                own if entry.label == ORIGINAL else codes,
                how,
                how.repeats and entry.label != ORIGINAL,
            )
        ]
        if missing:
            todo += [(film, part) for part in _parts(missing, how.jobs, len(films))]
    each = protocol.definition["frames"]
    advance(each * (len(films) - len({film.picture for film, _ in todo})))
    how = replace(how, jobs=max(1, min(how.jobs, len(todo))))
    shares = {film.picture: sum(f is film for f, _ in todo) for film, _ in todo}
    stubborn: dict[str, int] = {}
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
                found = stamp(Path(film.name))
            except OSError as error:
                outcome.unreadable[film.name] = f"cannot read '{film.name}': {error.strerror}"
                continue
            yield FilmTask(
                film.picture, film.name, b"", protocol, left, tuple(codes.items()), how.timeout,
                how.threads, os.getpid(), name, how.repeats, hidden, found,
            )  # fmt: skip

    here = how.jobs <= 1
    for done in spread(tasks(), how, partial(work, tick=tick) if here else work):
        keep(done, outcome, results, protocol, kept)
        give_up(done, outcome, stubborn)
        advance(each // shares[done.task] - seen)
        seen = 0
    leave_out_repeats(films, outcome)
    return outcome


def _parts(missing: list[Entry], jobs: int, films: int) -> list[tuple[Entry, ...]]:
    """Where there are more processes than films, the rows of one film go to several of them.

    Rows of one plugin stay together: it answers once for all of them.
    """
    together: dict[object, list[Entry]] = {}
    for entry in missing:
        together.setdefault(entry.request, []).append(entry)
    groups = list(together.values())
    count = max(1, min(len(groups), jobs // max(1, films)))
    return [
        tuple(entry for group in groups[place::count] for entry in group) for place in range(count)
    ]
