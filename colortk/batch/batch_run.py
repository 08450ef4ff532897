"""Run a batch: plan all pictures, then colorize them here, in processes or on a cluster."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from colortk.batch.inputs import InputItem, with_variants, without_strokes
from colortk.batch.options import STANDARD_STREAM, BatchOptions
from colortk.batch.output_checks import check_options
from colortk.batch.outputs import OutputPlanner
from colortk.batch.plan import PlannedFile
from colortk.batch.prestart import PrestartedWorkers, threads_per_worker
from colortk.batch.results import FileResult
from colortk.batch.tracker import OutputTracker, sweep_output_folders
from colortk.errors import UsageError

if TYPE_CHECKING:
    from colortk.batch.cluster_pool import ClusterPool
    from colortk.batch.journal import Journal

Results = Generator[FileResult, None, None]
#: With at most this many pictures, worker processes never pay off.
FEW_PICTURES = 4


class BatchRun:
    """A batch of pictures; a context manager that ends its processes and closes its journal.

    Parameters
    ----------
    items : sequence of InputItem
        The pictures, from :func:`colortk.batch.inputs.find_inputs`.
    options : BatchOptions
    store : Path or None
        Folder of the store; ``None`` is the default folder.
    prestarted : PrestartedWorkers or None
        Worker processes that are already started.

    Attributes
    ----------
    total : int
        Number of pictures.
    writes_to_stdout : bool
        The only result goes to standard output.
    journal_problem : str
        Why ``resume`` will not know all outputs of this run; empty if it will.

    Raises
    ------
    UsageError
        Options and inputs do not fit together.
    """

    def __init__(
        self,
        items: Sequence[InputItem],
        options: BatchOptions,
        store: Path | None = None,
        prestarted: PrestartedWorkers | None = None,
    ) -> None:
        if options.guidance is not None and options.guidance.sidecars:
            items = without_strokes(items)
        check_options(options, items)
        if options.variants is not None:
            items = with_variants(items, options.variants)
        self._items, self._options, self._store = items, options, store
        self._prestarted = prestarted
        self._journal: Journal | None = None
        self._tracker = OutputTracker(options)
        self._stack = ExitStack()
        self._store_problem = ""
        self.total = len(items)
        has_stdin = any(item.name == STANDARD_STREAM for item in items)
        output = options.output
        self.writes_to_stdout = has_stdin if output is None else str(output) == STANDARD_STREAM
        if options.scheduler is not None and has_stdin:
            reason = "the machines of the cluster cannot read it"
            raise UsageError("standard input and --backend dask exclude each other", reason)
        if self.writes_to_stdout and (options.scheduler is not None or options.resume):
            option = "--resume" if options.resume else "--backend dask"
            reason = "colortk cannot check afterward what was written there"
            raise UsageError(
                f"standard output and {option} exclude each other", reason, "use -o FILE"
            )

    @property
    def disk_full(self) -> bool:
        """Whether the disk is full and the rest of the pictures was not begun."""
        return self._tracker.disk_full

    @property
    def journal_problem(self) -> str:
        return self._store_problem or (self._journal.problem if self._journal else "")

    def __enter__(self) -> BatchRun:
        with ExitStack() as stack:
            if self._options.resume or (self.total > 1 and not self.writes_to_stdout):
                self._journal = self._open_journal()
            if self._journal is not None:
                stack.callback(self._journal.close)
            self._tracker = OutputTracker(self._options, self._journal)
            stack.callback(self._tracker.close)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def results(self) -> Results:
        """Plan all pictures, then yield each result when it is ready.

        Yields
        ------
        FileResult
            One for each picture: in order from this process, in completion order from several.
            When the disk is full, the rest of the pictures has no results.

        Raises
        ------
        PluginError, ArtifactError
            The plugin cannot be loaded.
        EnvironmentProblem
            The Dask cluster was lost.
        """
        plans = OutputPlanner(self._options, self._journal).plan(self._items)
        with closing(self._process(plans)) as results:
            yield from results
        if self._options.resume or self._options.scheduler is not None:
            sweep_output_folders(plans)

    def _open_journal(self) -> Journal | None:
        from colortk.batch.journal import Journal
        from colortk.batch.journal_key import journal_key
        from colortk.store.location import store_folder

        key = journal_key(self._options, self._items)
        try:
            return Journal(store_folder(self._store), key, self._options.resume)
        except UsageError as error:
            if self._options.resume:
                raise
            self._store_problem = str(error)
            return None

    def _process(self, plans: Sequence[PlannedFile]) -> Results:
        options = self._options
        if options.scheduler is not None:
            from colortk.batch.parallel import colorize_parallel

            cluster = self._cluster(options.scheduler)
            yield from colorize_parallel(plans, self._tracker, cluster, options.plugin)
            return
        count = self._job_count()
        if count == 1:
            if self._prestarted is not None:
                self._prestarted.stop()
            yield from self._serial(plans)
            return
        from colortk.batch.local_pool import LocalPool
        from colortk.batch.parallel import colorize_parallel
        from colortk.batch.worker import WorkerConfig

        config = WorkerConfig(options.request, options.picture)
        threads = options.threads or threads_per_worker(count)
        pool = LocalPool(config, count, threads, options.timeout, self._prestarted)
        yield from colorize_parallel(plans, self._tracker, pool, options.plugin)

    def _job_count(self) -> int:
        jobs = self._options.jobs
        if jobs == 1 or (jobs is None and self.total <= FEW_PICTURES):
            return 1  # without the imports of the next line
        from colortk.batch.parallel import job_count

        return job_count(self._items, jobs)

    def _serial(self, plans: Sequence[PlannedFile]) -> Results:
        from colortk.batch.serial import colorize_serial
        from colortk.pipeline import refiner, warmed
        from colortk.runtime.loading import load

        options = self._options
        refine, picture = refiner(options.refine), options.picture
        if options.timeout is None:
            with warmed(refine):
                loaded = load(options.request)
            yield from colorize_serial(plans, self._tracker, loaded, refine, picture)
            return
        from colortk.runtime.decode_process import DecodeProcess
        from colortk.runtime.isolate import Isolated

        with (
            Isolated(options.request, options.timeout) as predictor,
            DecodeProcess(options.timeout) as decoder,
        ):
            yield from colorize_serial(
                plans, self._tracker, predictor, refine, picture, decoder.decode
            )

    def _cluster(self, scheduler: str) -> ClusterPool:
        from colortk.batch.cluster_pool import ClusterPool
        from colortk.batch.worker import LoadedState, WorkerConfig
        from colortk.plugin.options import options_key, parse_options, with_absolute_paths
        from colortk.plugin.registry import registry
        from colortk.runtime.provenance import colorizer_code
        from colortk.store.artifacts import artifacts_of

        options = self._options
        spec = registry().colorizer(options.plugin)[1]
        texts = with_absolute_paths(spec, options.options)
        digest = artifacts_of(spec, options.weights).digest
        state = LoadedState(digest, options_key(parse_options(spec, texts)))
        code = colorizer_code(spec, options.refine, "files")
        request = replace(options.request, options=texts)
        config = WorkerConfig(request, options.picture)
        threads = options.threads or 1
        return ClusterPool(config, scheduler, state, code, threads, options.timeout, self.total)
