"""What the host needs of a colorizer, whether it runs in this process or in another one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from colortk.guidance.working_hints import WorkingHints
from colortk.plugin.spec import ColorizerSpec
from colortk.types import Float32


class Predictor(Protocol):
    """A colorizer in this process, or in a process that can be stopped."""

    @property
    def spec(self) -> ColorizerSpec: ...

    def predict(self, lightness: Float32) -> Float32: ...


class SamplingPredictor(Predictor, Protocol):
    """A colorizer that may give several versions of a picture."""

    def predict_samples(self, lightness: Float32, count: int, seed: int) -> Float32: ...


class GuidedPredictor(Predictor, Protocol):
    """A colorizer that takes hints itself, if its weights do."""

    @property
    def follows_hints(self) -> bool: ...

    def predict_guided(self, lightness: Float32, hints: WorkingHints) -> Float32: ...


class FilmPredictor(Predictor, Protocol):
    """A colorizer of frames of a film, which may predict several frames at once."""

    @property
    def digest(self) -> str: ...

    @property
    def options_key(self) -> str: ...

    @property
    def takes_batches(self) -> bool: ...

    def predict_many(self, lightnesses: list[Float32]) -> list[Float32]: ...


@runtime_checkable
class WholeFilmPredictor(FilmPredictor, Protocol):
    """A colorizer that may use the neighboring frames of a film."""

    def predict_film(self, lightnesses: Iterator[Float32]) -> Iterator[Float32]: ...
