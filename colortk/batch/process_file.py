"""Read, decode, colorize, encode and write one picture, and describe errors."""

from __future__ import annotations

import contextlib
import errno
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from colortk.batch.options import STANDARD_STREAM, PictureOptions
from colortk.batch.plan import OutputTarget
from colortk.batch.results import FileResult
from colortk.color.cielab import lightness
from colortk.errors import ColortkError, PictureError, out_of_memory
from colortk.io.decode import MAX_FILE_BYTES, decode, read_bytes
from colortk.io.encode import encode, extension_of, suggest_extension
from colortk.io.files import write_atomic
from colortk.io.picture import Picture
from colortk.pipeline import Refiner, colorize, colorize_present
from colortk.plugin.discover import strict
from colortk.runtime.memory_limit import memory_hint
from colortk.runtime.predictors import Predictor, SamplingPredictor

#: Takes data, name, maximum of pixels and whether truncated files are allowed; returns a picture.
Decode = Callable[[bytes, str, int | None, bool], Picture]
#: Takes the name of a step that begins.
OnStep = Callable[[str], None]
#: The steps of a picture that follow reading.
COLORIZING, WRITING = "colorizing", "writing"
_FULL_DISK = (errno.ENOSPC, errno.EDQUOT)


@contextlib.contextmanager
def record_errors(result: FileResult) -> Iterator[None]:
    """Record the errors of one picture in its result, so that other pictures go on.

    Errors of a plugin or an artifact concern all pictures and pass through.

    Parameters
    ----------
    result : FileResult
        Gets ``error``, ``no_room`` and the total of ``seconds``.
    """
    start = time.perf_counter()
    problem = f"cannot colorize '{result.input}'"
    try:
        yield
    except PictureError as error:
        result.error, result.no_room = str(error), _is_full_disk(error.__cause__)
        if out_of_memory(error.__cause__):
            result.error = f"{problem}: not enough memory ({memory_hint()})"
    except MemoryError:
        result.error = f"{problem}: not enough memory ({memory_hint()})"
    except OSError as error:
        result.error = f"{problem}: {error.strerror or error}"
        result.no_room = _is_full_disk(error)
    except ColortkError:
        raise
    except Exception as error:  # a bug must not make the other pictures fail
        if out_of_memory(error):
            result.error = f"{problem}: not enough memory ({memory_hint()})"
        elif strict():
            raise
        else:
            text = " ".join(str(error).split())
            result.error = f"{problem}: {type(error).__name__}: {text} (please report it)"
    result.seconds["total"] = time.perf_counter() - start


def _is_full_disk(error: BaseException | None) -> bool:
    return isinstance(error, OSError) and error.errno in _FULL_DISK


def process_file(
    source: str,
    result: FileResult,
    target: OutputTarget,
    predictor: SamplingPredictor,
    refine: Refiner,
    options: PictureOptions,
    decode: Decode = decode,
    data: bytes | None = None,
    on_step: OnStep = lambda step: None,
) -> None:
    """Colorize a file, write the result, and complete ``result``.

    Parameters
    ----------
    source : str
        Path of the picture; ``-`` is standard input.
    result : FileResult
        Gets the size, the seconds of each stage and the notes.
    target : OutputTarget
        Where the picture is written.
    predictor : SamplingPredictor
        The loaded plugin.
    refine : callable
        The chroma refinement.
    options : PictureOptions
    decode : callable
        As :func:`colortk.io.decode.decode`.
    data : bytes or None
        Content of ``source``, if it was read already.
    on_step : callable
        Called with ``COLORIZING`` and ``WRITING`` when these steps begin.

    Raises
    ------
    PictureError, OSError, MemoryError
        The picture cannot be read, colorized or written; see :func:`record_errors`.
    """
    clock = time.perf_counter
    start = clock()
    if data is None:
        data = read_standard_input() if source == STANDARD_STREAM else read_bytes(Path(source))
    picture = decode(data, result.input, options.max_pixels, options.allow_truncated)
    del data
    result.height, result.width = picture.pixels.shape[:2]
    dtype = np.uint16 if picture.pixels.dtype == np.uint16 else np.uint8
    light = lightness(picture.pixels)
    guide = None
    if options.guidance is not None:
        from colortk.guidance.prepare import prepare_guide

        path = None if source == STANDARD_STREAM else Path(source)
        guide = prepare_guide(options.guidance, path, picture.pixels, light)
    picture.pixels = np.empty(0, picture.pixels.dtype)  # free the memory: only L* is needed now
    result.seconds["read"] = clock() - start

    on_step(COLORIZING)
    source_of_chroma: Predictor = predictor
    if target.variant is not None and options.variants is not None:
        from colortk.runtime.versions import Variant, VersionPredictor

        variant = Variant(target.variant, options.variants, options.seed)
        source_of_chroma = VersionPredictor(predictor, variant)
    if picture.missing is None:
        colorized = colorize(light, source_of_chroma, refine, options.strength, dtype, guide)
    else:
        result.missing = picture.missing.as_dict()
        picture.notes.append(f"'{result.input}' is incomplete: {picture.missing}")
        colorized = colorize_present(
            light, picture.missing, source_of_chroma, refine, options.strength, dtype, guide
        )
    del light  # encoding needs as much memory: for 400 megapixels, 1.6 GB
    if guide is not None:
        picture.notes += guide.notes
    result.seconds |= colorized.seconds

    start = clock()
    on_step(WRITING)
    extension = options.extension or (
        suggest_extension(picture) if target.path is None else extension_of(target.path)
    )
    encoded = encode(colorized.rgb, picture, extension, picture.notes)
    if options.intermediates is not None:
        # Before the result: a picture whose result exists is done, with its intermediates.
        from colortk.store.pickles import PickleStore

        PickleStore(options.intermediates).keep_prediction(
            source, predictor.spec.name, colorized.ab[..., 0], colorized.ab[..., 1]
        )
    _write(target, encoded)
    result.seconds["write"] = clock() - start
    result.notes = picture.notes


def _write(target: OutputTarget, data: bytes) -> None:
    if target.path is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    path = Path(target.path)
    if target.make_folder:
        path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, data, target.overwrite)


def read_standard_input() -> bytes:
    """Return the content of standard input.

    Raises
    ------
    PictureError
        Standard input is closed or too long.
    """
    if sys.stdin is None:
        raise PictureError("cannot read standard input", "it is closed")
    data = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise PictureError("cannot read standard input", f"it has over {MAX_FILE_BYTES:,} bytes")
    return data
