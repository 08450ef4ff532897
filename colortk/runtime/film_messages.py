"""A film between the host and the process of a plugin: each request has one reply.

The host sends ``film``, and then a ``frame`` for each reply ``more``, a request ``next`` for each
reply ``prediction``, and ``last`` for the first ``more`` after the end of the film. The reply
``end`` is the last one.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from colortk.errors import PredictionError
from colortk.runtime.film_frames import MAX_LOOKAHEAD, need_film
from colortk.runtime.loading import check_prediction
from colortk.runtime.messages import Message, MessageError
from colortk.runtime.subprocesses import peak_memory
from colortk.runtime.worker_process import forged_reply, prediction_of

if TYPE_CHECKING:
    from colortk.plugin.spec import ColorizerSpec
    from colortk.runtime.loading import Loaded
    from colortk.runtime.messages import Channel
    from colortk.types import Float32


class FilmReplies:
    """The replies for one film, in the process of the plugin.

    Parameters
    ----------
    channel : Channel
        The connection to the host.
    requests : iterator of Message
        The requests that follow.
    first : Message
        The request ``film``.
    """

    def __init__(self, channel: Channel, requests: Iterator[Message], first: Message) -> None:
        self._channel, self._requests, self._request = channel, requests, first
        # A plugin may read frames in a thread. A reply and the next request belong together.
        self._lock = threading.Lock()
        self._ended = False

    def predict(self, loaded: Loaded) -> Message:
        """Predict the film. Return the last reply; its number is that of :meth:`end`."""
        for ab in loaded.predict_film(self._lightnesses()):
            self._exchange("prediction", ab)
        return Message("end")

    def end(self) -> str:
        """Return the number of the request without a reply. Frames cannot be read any more."""
        with self._lock:
            self._ended = True
            return self._request.number

    def _lightnesses(self) -> Iterator[Float32]:
        while (request := self._exchange("more")).kind == "frame":
            yield request.arrays["lightness"]

    def _exchange(self, kind: str, ab: Float32 | None = None) -> Message:
        """Reply to the last request, and return the next one."""
        fields = {} if ab is None else {"peak_memory": peak_memory()}
        with self._lock:
            if self._ended:
                raise RuntimeError("the film has ended")
            arrays = {} if ab is None else {"ab": ab}
            self._channel.send(Message(kind, self._request.number, fields, arrays))
            request = next(self._requests, None)
            if request is None:
                raise EOFError("the host has ended")
            self._request = request
            return request


class IsolatedFilm:
    """One film for a plugin in another process, in the process of the host.

    Parameters
    ----------
    spec : ColorizerSpec
        The plugin. It predicts nothing else until the film ends.
    ask : callable
        Sends a request of a kind, with arrays and the most bytes of the reply; returns the reply.
    close : callable
        Stops the process.

    Attributes
    ----------
    seconds : float
        Time from requests to replies.
    peak_memory : int or None
        Most bytes that the process has used.

    Raises
    ------
    UsageError
        If the plugin predicts each frame by itself.
    PredictionError
        If it fails.
    """

    def __init__(
        self,
        spec: ColorizerSpec,
        ask: Callable[[str, dict[str, Float32], int], Message],
        close: Callable[[], object],
    ) -> None:
        need_film(spec)
        self._name, self._ask, self._close = spec.name, ask, close
        self._waiting: deque[Float32] = deque()
        self._ended = False
        self.seconds = 0.0
        self.peak_memory: int | None = None
        self._request("film", {})

    def add(self, lightness: Float32) -> list[Float32]:
        """Send the next frame, float32 (H, W). Return the predictions that are complete.

        Each is float32 (H, W, 2), in the order of the frames. Raises ``PredictionError``, also
        after a timeout.
        """
        self._waiting.append(np.ascontiguousarray(lightness, np.float32))
        return self._request("frame", {"lightness": self._waiting[-1]})

    def finish(self) -> list[Float32]:
        """End the film. Return the predictions of the frames that are left, as :meth:`add`."""
        return self._request("last", {})

    def abandon(self) -> None:
        """Stop the process if the film has not ended: it would wait for frames."""
        if not self._ended:
            self._close()

    def _request(self, kind: str, arrays: dict[str, Float32]) -> list[Float32]:
        """Send a request, and return the predictions before the process asks for a frame."""
        start, predictions = time.perf_counter(), []
        try:
            message = self._exchange(kind, arrays)
            while message.kind == "prediction":
                predictions.append(self._prediction(message))
                message = self._exchange("next", {})
            self._ended = message.kind == "end"
            if message.kind != ("end" if kind == "last" else "more"):
                raise MessageError("it mixes up the frames of a film")
            if len(self._waiting) > (0 if self._ended else MAX_LOOKAHEAD):
                raise MessageError("it does not predict the frames of a film")
        except MessageError as error:
            self._close()
            raise forged_reply(self._name, "on a film", PredictionError, error) from error
        finally:
            self.seconds += time.perf_counter() - start
        return predictions

    def _exchange(self, kind: str, arrays: dict[str, Float32]) -> Message:
        max_bytes = 2 * self._waiting[0].nbytes if self._waiting else 0
        return self._ask(kind, arrays, max_bytes)

    def _prediction(self, message: Message) -> Float32:
        ab, self.peak_memory = prediction_of(message)
        if not self._waiting:
            raise MessageError("it predicts frames that it did not get")
        try:
            return check_prediction(self._name, self._waiting.popleft(), ab)
        except PredictionError:  # The process checks, too, so our code did not send this.
            self._close()
            raise
