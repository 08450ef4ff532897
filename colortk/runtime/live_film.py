"""The frames of a film or a camera for a plugin, one by one as they come."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

from colortk.errors import PredictionError, UsageError
from colortk.runtime.film_frames import need_film
from colortk.runtime.predictors import WholeFilmPredictor
from colortk.types import Float32

#: What to do about a plugin that cannot color a film while it runs.
ADVICE = "use --temporal flow"


class LiveFilm:
    """Predict each frame at once, by a plugin that declares ``film`` and needs no later frames.

    Parameters
    ----------
    plugin : WholeFilmPredictor
        The plugin.

    Raises
    ------
    UsageError
        If the plugin predicts each frame by itself.
    """

    def __init__(self, plugin: WholeFilmPredictor) -> None:
        need_film(plugin.spec, ADVICE)
        self._name = plugin.spec.name
        self._queue: queue.Queue[Float32 | None] = queue.Queue()
        self._predictions = plugin.predict_film(self._frames())
        self._thread = 0

    def __call__(self, lightness: Float32) -> Float32:
        """Return the chroma of the next frame, float32 (H, W, 2).

        Raises
        ------
        UsageError
            If the plugin wants a later frame first.
        PredictionError
            If it fails.
        """
        self._thread = threading.get_ident()
        self._queue.put(lightness)
        ab = next(self._predictions, None)
        if ab is None:
            raise PredictionError(f"plugin '{self._name}' failed on a film", "it ended the film")
        return ab

    def close(self) -> None:
        """End the film."""
        self._queue.put(None)

    def _frames(self) -> Iterator[Float32]:
        """Yield frames. A thread of the plugin waits for them; the caller's must not."""
        while True:
            try:
                lightness = self._queue.get(block=threading.get_ident() != self._thread)
            except queue.Empty:
                raise UsageError(
                    f"--temporal plugin with plugin '{self._name}'",
                    "it looks at later frames, which a film that is shown live does not have yet",
                    f"{ADVICE}, or colorize the film with: colortk video",
                ) from None
            if lightness is None:
                return
            yield lightness
