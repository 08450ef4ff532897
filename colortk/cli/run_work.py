"""How ``colortk run`` gets its pictures done: in this process, in several, or on a cluster."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from colortk.batch.inputs import Item
from colortk.batch.outputs import Places
from colortk.batch.prestart import Early, threads_of
from colortk.batch.records import STANDARD, Record, Settings
from colortk.errors import UsageError
from colortk.runtime.loading import Request

if TYPE_CHECKING:
    from colortk.batch.journal import Journal
    from colortk.batch.worker import Orders

Records = Generator[Record, None, None]
#: Pictures that are few on any machine.
FEW = 4


@dataclass(frozen=True)
class Work:
    """What is done with every picture. ``threads``: of each process. ``timeout``: seconds."""

    request: Request
    refine: str
    settings: Settings
    threads: int | None
    timeout: float | None

    def on_this_machine(
        self, items: list[Item], places: Places, jobs: int | None, early: Early
    ) -> Records:
        """In this process if ``jobs`` is 1, or if it is not told and the pictures are few."""
        few = jobs is None and len(items) <= FEW
        if few or jobs == 1:
            early.end()
            return self._here(items, places)
        from colortk.batch.local_pool import Crew
        from colortk.batch.parallel import colorize_apart, jobs_for

        count = jobs_for(items, jobs)
        if count == 1:
            early.end()
            return self._here(items, places)
        each = threads_of(count)  # --threads has been settled by now
        crew = Crew(self._orders(), count, each, self.timeout, early)
        return colorize_apart(items, places, crew, self.request.plugin)

    def on_cluster(
        self, items: list[Item], places: Places, scheduler: str, device: str | None
    ) -> Records:
        """On the workers of a Dask cluster, which see the same files."""
        from colortk.batch.cluster_pool import Cluster
        from colortk.batch.parallel import colorize_apart
        from colortk.batch.worker import Ready
        from colortk.plugin.options import options_key, parse_options, with_absolute_paths
        from colortk.plugin.registry import registry
        from colortk.runtime.provenance import colorizer_code
        from colortk.store.artifacts import artifacts_of

        if any(item.name == STANDARD for item in items):
            raise UsageError("a Dask cluster has no standard input", hint="leave --backend out")
        if device is not None:
            raise UsageError(
                "--device says nothing to a Dask cluster",
                "each worker has its own",
                "set COLORTK_DEVICE where the workers are started",
            )
        spec = registry().colorizer(self.request.plugin)[1]
        digest = artifacts_of(spec, self.request.weights).digest
        given = with_absolute_paths(spec, self.request.options)
        here = Ready(digest, options_key(parse_options(spec, given)))
        code = colorizer_code(spec, self.refine, "files")
        orders = replace(self._orders(), request=replace(self.request, options=given))
        cluster = Cluster(
            orders, scheduler, here, code, self.threads or 1, self.timeout, len(items)
        )
        return colorize_apart(items, places, cluster, self.request.plugin)

    def _orders(self) -> Orders:
        from colortk.batch.worker import Orders

        return Orders(self.request, self.refine, self.settings)

    def _here(self, items: list[Item], places: Places) -> Records:
        from colortk.batch.serial import colorize_here
        from colortk.pipeline import refiner, warmed
        from colortk.runtime.loading import load

        refining = refiner(self.refine)
        if self.timeout is None:
            with warmed(refining):
                loaded = load(self.request)
            yield from colorize_here(items, places, loaded, refining, self.settings)
            return
        from colortk.runtime.decode_process import DecodeProcess
        from colortk.runtime.isolate import Isolated

        with (
            Isolated(self.request, self.timeout) as predictor,
            DecodeProcess(self.timeout) as decoder,
        ):
            yield from colorize_here(
                items, places, predictor, refining, self.settings, decoder.decode
            )


def journal_of(work: Work, store: Path | None, resume: bool) -> Journal | None:
    """The journal of this way of colorizing, in the store.

    Raises ``UsageError`` if it is needed and cannot be had.
    """
    from colortk.batch.journal import Journal, identity
    from colortk.cli.main import say
    from colortk.store.location import store_folder

    about = identity(work.request, work.refine, work.settings)
    try:
        return Journal(store_folder(store), about, resume)
    except UsageError as error:
        if resume:
            raise
        say(f"note: --resume will not know of this run: {error}")
        return None
