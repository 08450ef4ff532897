"""One picture: read, decoded, colorized, encoded, written; and what goes wrong with it in words."""

from __future__ import annotations

import contextlib
import errno
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from colortk.batch.records import STANDARD, Record, Settings, Spot
from colortk.color.cielab import lightness
from colortk.errors import ColortkError, PictureError, out_of_memory
from colortk.io.decode import MAX_BYTES, Picture, decode, read_bytes
from colortk.io.encode import encode, extension_of, suggest_extension
from colortk.io.files import write_atomic
from colortk.pipeline import Refiner, colorize, colorize_present
from colortk.plugin.registry import strict
from colortk.runtime.loading import Predictor
from colortk.runtime.memory_limit import memory_hint

#: Data, name, most pixels and whether truncated files are allowed, to a picture.
Decode = Callable[[bytes, str, int | None, bool], Picture]
#: Told of a step that begins.
OnStep = Callable[[str], None]
#: Steps after reading.
COLORIZING, WRITING = "colorizing", "writing"
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


@contextlib.contextmanager
def guarded(record: Record) -> Iterator[None]:
    """Let what goes wrong with a picture be its record's error, and stop no others.

    Loading and artifact errors are not the picture's and pass through.
    """
    start = time.perf_counter()
    failed = f"cannot colorize '{record.input}'"
    try:
        yield
    except PictureError as error:
        record.error, record.no_room = str(error), _no_room(error.__cause__)
        if out_of_memory(error.__cause__):
            record.error = f"{failed}: not enough memory ({memory_hint()})"
    except MemoryError:
        record.error = f"{failed}: not enough memory ({memory_hint()})"
    except OSError as error:
        record.error = f"{failed}: {error.strerror or error}"
        record.no_room = _no_room(error)
    except ColortkError:
        raise
    except Exception as error:  # a bug, but the other pictures should not pay for it
        if out_of_memory(error):
            record.error = f"{failed}: not enough memory ({memory_hint()})"
        elif strict():
            raise
        else:
            text = " ".join(str(error).split())
            record.error = f"{failed}: {type(error).__name__}: {text} (please report it)"
    record.seconds["total"] = time.perf_counter() - start


def _no_room(error: BaseException | None) -> bool:
    return isinstance(error, OSError) and error.errno in _NO_ROOM


def colorize_file(
    source: str,
    record: Record,
    place: Callable[[str], Spot | None],
    predictor: Predictor,
    refine: Refiner,
    settings: Settings,
    decode: Decode = decode,
    on_step: OnStep = lambda step: None,
) -> None:
    """Colorize the file ``source`` ('-' is standard input), and fill its ``record``.

    ``place`` says where a result of an extension goes, or that nothing is to be done. ``decode``: as
    :func:`colortk.io.decode.decode`. ``on_step``: called with ``COLORIZING`` and ``WRITING`` when
    these steps begin, after the picture was read.
    """
    clock = time.perf_counter
    start = clock()
    data = _standard_input() if source == STANDARD else read_bytes(Path(source))
    picture = decode(data, record.input, settings.max_pixels, settings.allow_truncated)
    del data
    record.height, record.width = picture.pixels.shape[:2]
    wide = picture.pixels.dtype == np.uint16
    light = lightness(picture.pixels)
    picture.pixels = np.empty(0, picture.pixels.dtype)  # its colours are not needed any more
    record.seconds["read"] = clock() - start

    spot = place(suggest_extension(picture))
    if spot is None:
        return
    path = spot.path
    record.output = STANDARD if path is None else str(path)
    dtype = np.uint16 if wide else np.uint8
    on_step(COLORIZING)
    if picture.missing is None:
        result = colorize(light, predictor, refine, settings.strength, dtype)
    else:
        record.missing = picture.missing.as_dict()
        picture.notes.append(f"'{record.input}' is incomplete: {picture.missing}")
        result = colorize_present(
            light, picture.missing, predictor, refine, settings.strength, dtype
        )
    record.seconds |= result.seconds
    start = clock()
    on_step(WRITING)
    extension = settings.extension or (extension_of(path) if path else suggest_extension(picture))
    notes = picture.notes
    data = encode(result.rgb, picture, extension, notes)
    if settings.intermediates is not None:  # first: whose result is there is done, with all of it
        from colortk.store.pickles import PickleStore

        PickleStore(settings.intermediates).keep_prediction(
            source, predictor.spec.name, result.ab[..., 0], result.ab[..., 1]
        )
    if path is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        if spot.make:
            path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, data, spot.force)
    record.seconds["write"] = clock() - start
    record.notes = notes


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise PictureError("cannot read standard input", "it is closed")
    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise PictureError("cannot read standard input", f"it has over {MAX_BYTES:,} bytes")
    return data
