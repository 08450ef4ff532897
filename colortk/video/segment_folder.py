"""The folder of a film in the making: whole finished of it, and how they were made.

``OUT.parts`` beside the result. A stretch ``000003.nut`` comes with ``000003.json`` (what it holds)
and ``000003.npz`` (what the smoothing kept at its end), so that a run that goes on gives what one
that was never stopped gives.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
from dataclasses import asdict, dataclass
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
    """What a file of the folder holds: time stamps of its first and last frame, that one's duration.

    ``broken`` and ``cuts``: how many there were in the film up to its end.
    """

    frames: int
    first: int
    last: int
    duration: int
    broken: int
    cuts: int


class SegmentFolder:
    """Whole finished in ``folder``, in order. :meth:`begin` first."""

    def __init__(self, output: Path) -> None:
        self.folder = output.with_name(output.name + ".parts")
        self.finished: list[Segment] = []

    def begin(self, settings: dict[str, Any], resume: bool, force: bool) -> None:
        """Make the folder, or with ``resume`` take up what is there.

        Raises ``UsageError`` if it is of another film or other settings, ``PictureError`` if it is
        there and neither ``resume`` nor ``force`` says what to do with it, or cannot be made.
        """
        told = json.dumps(settings, sort_keys=True)
        if self.folder.exists():
            if resume:
                self._take_up(told)
                return
            if not force:
                raise PictureError(
                    f"'{self.folder}' holds an earlier run",
                    hint="--resume to go on with it, --force to begin anew",
                )
            self.remove()
        try:
            self.folder.mkdir()
        except OSError as error:
            raise PictureError(
                f"cannot write '{self.folder}'", error.strerror or str(error)
            ) from error
        write_atomic(self.folder / SETTINGS, told.encode())

    def _take_up(self, told: str) -> None:
        try:
            found = read_regular(self.folder / SETTINGS).decode()
        except (OSError, ValueError):
            found = ""
        if found != told:
            raise UsageError(
                f"'{self.folder}' cannot be resumed",
                "it is of another film, plugin or settings",
                "--force without --resume begins anew",
            )
        sweep(self.folder)
        for leftover in self.folder.glob("*.part.nut"):
            leftover.unlink()
        while self.file(len(self.finished)).exists():
            described = self.file(len(self.finished)).with_suffix(".json")
            self.finished.append(Segment(**json.loads(read_regular(described))))

    def file(self, number: int) -> Path:
        """Path of a stretch."""
        return self.folder / f"{number:06}.nut"

    def files(self) -> list[Path]:
        """Paths of all whole finished."""
        return [self.file(number) for number in range(len(self.finished))]

    def describe(self, segment: Segment, state: State | None) -> None:
        """Write what belongs to the next stretch, before its file gets its name.

        Raises ``PictureError``.
        """
        path = self.file(len(self.finished))
        if state is not None:
            out = io.BytesIO()
            np.savez(out, grey=state.grey, ab=state.ab, age=state.age)
            write_atomic(path.with_suffix(".npz"), out.getvalue(), force=True, durable=False)
        description = json.dumps(asdict(segment)).encode()
        write_atomic(path.with_suffix(".json"), description, force=True, durable=False)

    def add(self, segment: Segment) -> None:
        """The next stretch is whole. Older states of the smoothing are not needed any more."""
        self.finished.append(segment)
        for number in range(len(self.finished) - 2, -1, -1):
            old = self.file(number).with_suffix(".npz")
            if not old.exists():
                break
            old.unlink()

    def state(self) -> State | None:
        """What the smoothing kept at the end of the last stretch."""
        if not self.finished:
            return None
        with contextlib.suppress(OSError, ValueError, KeyError):
            path = self.file(len(self.finished) - 1).with_suffix(".npz")
            with open_regular(path) as file, np.load(file, allow_pickle=False) as kept:
                return State(kept["grey"], kept["ab"], kept["age"])
        return None

    def remove(self) -> None:
        """Remove the folder if it is one of ours. Raises ``PictureError`` if it is not."""
        sweep(self.folder)
        strangers = [
            name
            for name in os.listdir(self.folder)
            if name != SETTINGS and not name.split(".")[0].isdecimal()
        ]
        if strangers:
            raise PictureError(f"'{self.folder}' is not removed", f"'{strangers[0]}' is in it")
        shutil.rmtree(self.folder)
