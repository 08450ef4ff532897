"""The folder of finished segments of a film, and their settings.

It is ``OUT.parts`` beside the output. A segment ``000003.nut`` comes with ``000003.json`` (its
properties) and ``000003.npz`` (the state of the smoothing at its end), so that a resumed run gives
the same film as a run without an interruption.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from colortk.errors import PictureError, UsageError
from colortk.io.files import sweep, write_atomic
from colortk.io.regular_files import open_regular, read_regular
from colortk.video.smoothing import State

SETTINGS = "settings.json"


@dataclass(frozen=True)
class Segment:
    """A finished segment.

    Parameters
    ----------
    frames : int
        Number of frames.
    first, last : int
        Time stamps of the first and the last frame, in units of the time base.
    duration : int
        Duration of the last frame, in units of the time base.
    broken, cuts : int
        Numbers of damaged frames and of cuts in the film up to the end of the segment.
    points : list
        Where hints are at its end.
    """

    frames: int
    first: int
    last: int
    duration: int
    broken: int
    cuts: int
    points: list[Any] = field(default_factory=list)


class SegmentFolder:
    """The folder of segments. Call :meth:`begin` first.

    Parameters
    ----------
    output : Path
        The output of the film.

    Attributes
    ----------
    folder : Path
        ``OUT.parts``.
    finished : list of Segment
        Finished segments, in order.
    """

    def __init__(self, output: Path) -> None:
        self.folder = output.with_name(output.name + ".parts")
        self.finished: list[Segment] = []

    def begin(self, settings: dict[str, Any], resume: bool, force: bool) -> None:
        """Make the folder, or read its segments.

        Parameters
        ----------
        settings : dict
            All settings that determine the segments.
        resume : bool
            Continue with the segments of an earlier run.
        force : bool
            Delete the segments of an earlier run.

        Raises
        ------
        UsageError
            If the segments are of another film or other settings.
        PictureError
            If the folder exists and neither ``resume`` nor ``force`` is set, or it cannot be made.
        """
        text = json.dumps(settings, sort_keys=True)
        if self.folder.exists():
            if resume:
                self._read_segments(text)
                return
            if not force:
                raise PictureError(
                    f"'{self.folder}' holds segments of an earlier run",
                    hint="use --resume to continue it, or --force to start again",
                )
            self.remove()
        try:
            self.folder.mkdir()
        except OSError as error:
            raise PictureError(
                f"cannot write '{self.folder}'", error.strerror or str(error)
            ) from error
        write_atomic(self.folder / SETTINGS, text.encode())

    def _read_segments(self, text: str) -> None:
        try:
            stored = read_regular(self.folder / SETTINGS).decode()
        except (OSError, ValueError):
            stored = ""
        if stored != text:
            raise UsageError(
                f"'{self.folder}' cannot be resumed",
                "it belongs to another film, plugin or settings",
                "use --force without --resume to start again",
            )
        sweep(self.folder)
        for leftover in self.folder.glob("*.part.nut"):
            leftover.unlink()
        while self.file(len(self.finished)).exists():
            described = self.file(len(self.finished)).with_suffix(".json")
            self.finished.append(Segment(**json.loads(read_regular(described))))

    def file(self, number: int) -> Path:
        """Return the path of a segment."""
        return self.folder / f"{number:06}.nut"

    def files(self) -> list[Path]:
        """Return the paths of all finished segments."""
        return [self.file(number) for number in range(len(self.finished))]

    def describe(self, segment: Segment, state: State | None) -> None:
        """Write properties and state of the next segment, before its file is renamed.

        Parameters
        ----------
        segment : Segment
            Its properties.
        state : State or None
            State of the smoothing at its end.

        Raises
        ------
        PictureError
            If they cannot be written.
        """
        path = self.file(len(self.finished))
        if state is not None:
            out = io.BytesIO()
            np.savez(out, gray=state.gray, ab=state.ab, age=state.age)
            write_atomic(path.with_suffix(".npz"), out.getvalue(), force=True, durable=False)
        description = json.dumps(asdict(segment)).encode()
        write_atomic(path.with_suffix(".json"), description, force=True, durable=False)

    def add(self, segment: Segment) -> None:
        """Add a finished segment, and delete states of the smoothing that are no longer needed."""
        self.finished.append(segment)
        for number in range(len(self.finished) - 2, -1, -1):
            old = self.file(number).with_suffix(".npz")
            if not old.exists():
                break
            old.unlink()

    def state(self) -> State | None:
        """Return the state of the smoothing at the end of the last segment."""
        if not self.finished:
            return None
        with contextlib.suppress(OSError, ValueError, KeyError):
            path = self.file(len(self.finished) - 1).with_suffix(".npz")
            with open_regular(path) as file, np.load(file, allow_pickle=False) as stored:
                return State(stored["gray"], stored["ab"], stored["age"])
        return None

    def remove(self) -> None:
        """Delete the folder. Raises ``PictureError`` if it holds files of other programs."""
        sweep(self.folder)
        other_segments = [
            name
            for name in os.listdir(self.folder)
            if name != SETTINGS and not name.split(".")[0].isdecimal()
        ]
        if other_segments:
            raise PictureError(
                f"cannot delete '{self.folder}'",
                f"it holds '{other_segments[0]}'",
                "delete it yourself",
            )
        shutil.rmtree(self.folder)
