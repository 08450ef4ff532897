"""Colorize the pictures of a batch in this process, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from colortk.batch.options import PictureOptions
from colortk.batch.plan import PlannedFile
from colortk.batch.process_file import Decode, process_file, record_errors
from colortk.batch.results import FileResult
from colortk.batch.tracker import OutputTracker
from colortk.io.decode import decode
from colortk.pipeline import Refiner
from colortk.runtime.predictors import SamplingPredictor


def colorize_serial(
    plans: Iterable[PlannedFile],
    tracker: OutputTracker,
    predictor: SamplingPredictor,
    refine: Refiner,
    options: PictureOptions,
    decode: Decode = decode,
) -> Iterator[FileResult]:
    """Yield one result for each picture, in order.

    A picture that fails does not stop the others. When the disk is full the rest is left undone.

    Parameters
    ----------
    plans : iterable of PlannedFile
    tracker : OutputTracker
    predictor : SamplingPredictor
        The loaded plugin.
    refine : callable
        The chroma refinement.
    options : PictureOptions
    decode : callable
        As :func:`colortk.io.decode.decode`.

    Yields
    ------
    FileResult

    Raises
    ------
    PluginError, ArtifactError
        The plugin cannot be loaded again after its process was stopped.
    """
    for planned in plans:
        if tracker.disk_full:
            return
        result = planned.result(predictor.spec.name)
        if planned.target is not None and tracker.begin(planned, result):
            with record_errors(result):
                process_file(
                    planned.name,
                    result,
                    planned.target,
                    predictor,
                    refine,
                    options,
                    decode,
                    planned.data,
                )
            tracker.record_output(planned, result)
        yield result
