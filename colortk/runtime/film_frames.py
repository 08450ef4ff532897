"""The frames of a film for a plugin that gets them in order, and that may look ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from colortk.errors import PredictionError, UsageError
from colortk.plugin.spec import ColorizerSpec
from colortk.types import Float32

#: Frames that a plugin may read before it returns the chroma of the first of them: the host keeps
#: them all, and a film has too many.
MAX_LOOKAHEAD = 100


def need_film(spec: ColorizerSpec, advice: str = "use --temporal keyframes") -> None:
    """Raise ``UsageError`` with advice if a plugin predicts each frame of a film by itself."""
    if not spec.film:
        raise UsageError(
            f"--temporal plugin with plugin '{spec.name}'",
            "it predicts each frame by itself",
            advice,
        )


class FilmFrames:
    """Lightness for a plugin, one copy of each frame, and the frames that it has not returned yet.

    Parameters
    ----------
    name : str
        Name of the plugin.
    lightnesses : iterator of float32 arrays of shape (H, W)
        CIE L* of the frames.
    """

    def __init__(self, name: str, lightnesses: Iterator[Float32]) -> None:
        self._failed = f"plugin '{name}' failed on a film"
        self._lightnesses = lightnesses
        self._waiting: deque[Float32] = deque()
        self._error: BaseException | None = None

    def __iter__(self) -> Iterator[Float32]:
        """Yield the frames. Raise ``PredictionError`` if the plugin looks too far ahead."""
        try:
            for lightness in self._lightnesses:
                if len(self._waiting) == MAX_LOOKAHEAD:
                    reason = f"it read {MAX_LOOKAHEAD} frames without a prediction"
                    raise PredictionError(self._failed, reason)
                self._waiting.append(lightness)
                yield lightness.copy()
        except GeneratorExit:  # the plugin needs no more frames
            raise
        except BaseException as error:
            self._error = error
            raise

    def next_waiting(self) -> Float32:
        """Return the frame that the next prediction is of; raise ``PredictionError`` if none is."""
        if not self._waiting:
            raise PredictionError(self._failed, "it returned more predictions than it got frames")
        return self._waiting.popleft()

    def check_end(self) -> None:
        """Raise ``PredictionError`` if some frames have no prediction.

        An error in reading the frames is raised again: the plugin may have caught it, and the film
        would end early.
        """
        if self._error is not None:
            raise self._error
        if self._waiting or next(self._lightnesses, None) is not None:
            raise PredictionError(
                self._failed, "it returned fewer predictions than there are frames"
            )
