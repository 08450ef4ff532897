"""Run a published ONNX file, whose input and output are known."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar, Protocol, Self

from colortk.plugin import Artifacts

from .colorizer import OnnxModel
from .options import Input, Options, Output
from .published import Published


class SizeOption(Protocol):
    """Options with the side of the network's square input."""

    @property
    def size(self) -> int: ...


class PublishedModel(OnnxModel):
    """Runs a published file. A subclass says what its network gets and returns.

    Parameters
    ----------
    artifacts : Artifacts
        The file.
    options : SizeOption or None
        The size of the network's input.
    file : str
        Name of the artifact.
    """

    default_size = 512
    network_input: ClassVar[Input]
    network_output: ClassVar[Output]

    def __init__(self, artifacts: Artifacts, options: SizeOption | None, file: str) -> None:
        self.file = file
        model = Options(
            input=self.network_input, output=self.network_output,
            size=0 if options is None else options.size, check=False,
        )  # fmt: skip
        super().__init__(artifacts, model)

    @classmethod
    def of(cls, published: Published) -> Callable[[Artifacts, SizeOption | None], Self]:
        """Return the factory of the plugin that runs a published file."""
        return partial(cls, file=published.artifact.name)
