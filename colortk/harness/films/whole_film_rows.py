"""The row of a plugin that gets the frames of a film in order, and steadies colors itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from colortk.color.upsample import resize
from colortk.color.working_size import working_shape
from colortk.errors import PictureError
from colortk.harness.films.film_rows import RowGroup
from colortk.harness.films.frame import ReferenceFrame
from colortk.runtime.film_messages import IsolatedFilm
from colortk.types import Float32


@dataclass
class WholeFilmGroup(RowGroup):
    """The rows of a plugin whose process gets all frames of a film.

    The plugin may look ahead. Frames wait until it has returned their chroma. No frame is
    predicted a second time: its chroma depends on the others.
    """

    _film: IsolatedFilm | None = field(default=None, repr=False)
    _waiting: deque[ReferenceFrame] = field(default_factory=deque, repr=False)

    def add(self, frame: ReferenceFrame, is_repeated: bool) -> None:
        """Give the next frame to the plugin, and score the frames that it returns.

        Raises ``PictureError`` if the plugin or the refinement fails.
        """
        assert self.plugin is not None
        if self._film is None:
            self._film = self.plugin.begin_film()
        light = frame.lightness
        rows, columns = working_shape(self.plugin.spec.working_size, *light.shape)
        self._waiting.append(frame)
        self._score(self._film.add(np.ascontiguousarray(resize(light, (columns, rows)))))

    def end(self) -> None:
        """Score the frames that are left. Raises ``PictureError`` as :meth:`add`."""
        if self._film is not None:
            self._score(self._film.finish())

    def _score(self, predictions: Iterable[Float32]) -> None:
        assert self._film is not None
        for ab in predictions:
            frame = self._waiting.popleft()
            self._count += 1
            for row in self.rows:
                row.add(frame, lambda _, ab=ab: ab)  # type: ignore[misc]
                row.result.peak_memory = self._film.peak_memory
        self._seconds = self._film.seconds

    def fail(self, number: int, error: PictureError, timeout: float | None) -> None:
        """Record that the plugin failed when it got a frame, and stop the film."""
        super().fail(number, error, timeout)
        self._waiting.clear()
        if self._film is not None:
            self._film.abandon()
