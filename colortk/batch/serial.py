"""Many pictures in this process, one after the other."""

from __future__ import annotations

from collections.abc import Iterator

from colortk.batch.inputs import Item
from colortk.batch.outputs import Places
from colortk.batch.process_file import Decode, colorize_file, guarded
from colortk.batch.records import Record, Settings, Spot
from colortk.errors import PictureError
from colortk.io.decode import decode
from colortk.pipeline import Refiner
from colortk.runtime.loading import Predictor


def colorize_here(
    items: list[Item],
    places: Places,
    predictor: Predictor,
    refine: Refiner,
    settings: Settings,
    decode: Decode = decode,
) -> Iterator[Record]:
    """One record a picture, in order; a picture that fails does not stop the others.

    Two inputs that would go to one output are refused at the second. When the disk is full the
    rest is left. Loading and artifact errors are not the picture's and pass through.
    """
    for item in items:
        if places.full:
            return
        yield _one(item, places, predictor, refine, settings, decode)


def _one(
    item: Item,
    places: Places,
    predictor: Predictor,
    refine: Refiner,
    settings: Settings,
    decode: Decode,
) -> Record:
    record = places.record(item, predictor.spec.name)
    if record.skipped:
        return record
    claimed: list[Spot] = []

    def place(suggested: str) -> Spot | None:
        spot = places.claim(item, record, suggested)
        if spot is not None:
            claimed.append(spot)
        return spot

    with guarded(record):
        if item.error is not None:
            raise PictureError(item.error)
        if not places.early(item, record):
            colorize_file(item.name, record, place, predictor, refine, settings, decode)
    for spot in claimed:
        places.finish(item, spot, record)
    return record
