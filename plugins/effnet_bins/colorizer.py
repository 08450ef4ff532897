"""The colorizer of this project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from colortk.plugin import (
    Artifacts,
    Float32,
    OnnxColorizer,
    OnnxNetwork,
    PredictionError,
    WorkingHints,
    chroma_field,
    diverse_versions,
    resize,
)

from .bins import CENTERS, softmax
from .codec import CHANNELS, DISTRIBUTION, HINT_CHANNELS, Bins
from .options import Options
from .similar_places import DEEP, LAST, SimilarPlaces, variance_of_logits
from .tone import add_usual_tone, with_usual_tone
from .vividness import add_more_vivid, more_vivid

if TYPE_CHECKING:
    from colortk.plugin import PictureGraph, Value

#: Its chroma is slightly too strong on pictures unlike its training pictures (see the model card).
CHROMA_GAIN = 0.9


class EffnetBins(OnnxColorizer):
    """Predicts chroma at a quarter of the size, and upsamples it along the edges."""

    codec: Bins

    def __init__(self, artifacts: Artifacts, codec: Bins, network: str, options: Options) -> None:
        super().__init__(artifacts, codec, network, CHROMA_GAIN)
        self.codec = replace(codec, hints=self.engine.input_shape[1] == HINT_CHANNELS)
        self.amount, self.spreading = options.amount, options.hints
        self.with_distribution: OnnxNetwork | None = None
        self.with_features: dict[tuple[str, ...], OnnxNetwork] = {}

    def predict_ab_batch(self, lightness: Float32) -> Float32:
        """Predict several pictures at once.

        Parameters
        ----------
        lightness : ndarray
            L*, float32 (N, H, W).

        Returns
        -------
        ndarray
            a* and b*, float32 (N, H, W, 2).
        """
        return self._colors(lightness, self._outputs(self.codec.inputs(lightness)))

    @cached_property
    def follows_hints(self) -> bool:
        """Whether hints change the prediction: the network takes them, or has what is compared."""
        if self.spreading == "edges":
            return False
        content = self.engine.content
        return self.codec.hints or all(name.encode() in content for name in (LAST, DEEP))

    def predict_ab_guided(self, lightness: Float32, hints: WorkingHints) -> Float32:
        """Predict a picture with the hints of a user.

        A network that was trained with hints gets them. For others, their colors are spread to
        places that the network sees as similar.

        Parameters
        ----------
        lightness : ndarray
            L*, float32 (H, W).
        hints : WorkingHints
            Colors and where they are.

        Returns
        -------
        ndarray
            a* and b*, float32 (H, W, 2).
        """
        light = lightness[None]
        if not self.codec.hints:
            return self._with_similar_places(lightness, hints)
        x = self.codec.inputs_with_hints(light, hints.ab[None], hints.mask[None])
        ab: Float32 = self._colors(light, self._outputs(x))[0]
        return ab

    def _with_similar_places(self, lightness: Float32, hints: WorkingHints) -> Float32:
        first = self.engine.output_names[0]
        names = (LAST, DEEP, *[DISTRIBUTION] * self._ends_in_colors)
        tensors = self._tensors(lightness, names)
        outputs = tensors[DISTRIBUTION if self._ends_in_colors else first]
        ab = self._colors(lightness[None], outputs)[0]
        variance = variance_of_logits(outputs[0])
        places = SimilarPlaces(lightness, ab, variance, tensors[LAST][0], tensors[DEEP][0])
        rows, columns = np.nonzero(hints.mask)
        (height, width), (h, w) = lightness.shape, variance.shape[:2]
        cells, cell_of = np.unique(
            (rows * h // height) * w + columns * w // width, return_inverse=True
        )
        errors = hints.ab[rows, columns] - ab[rows, columns]
        sums = np.stack([np.bincount(cell_of, error) for error in errors.T], -1)
        coarse = places.spread(cells, sums / np.bincount(cell_of)[:, None])
        change = chroma_field(lightness, coarse).chroma_of_block(0, 0, lightness)
        return np.ascontiguousarray(ab + change, np.float32)

    @cached_property
    def _ends_in_colors(self) -> bool:
        """Whether the file ends in expected colors, so that logits are a tensor inside it."""
        return self.engine.output_shape[1] == CHANNELS

    def _tensors(self, lightness: Float32, names: tuple[str, ...]) -> dict[str, Float32]:
        """Return the first output and tensors inside the network."""
        if names not in self.with_features:
            self.with_features[names] = self.engine.with_features(names)
        network = self.with_features[names]
        inputs = {network.input_names[0]: self.codec.inputs(lightness[None])}
        return network.run(inputs, (network.output_names[0], *names))

    def predict_with_features(
        self, lightness: Float32, names: Sequence[str]
    ) -> tuple[Float32, dict[str, Float32]]:
        """Predict a picture, and return tensors inside the network as well, of the same run.

        Parameters
        ----------
        lightness : ndarray
            L*, float32 (H, W).
        names : sequence of str
            Names of the tensors.

        Returns
        -------
        ndarray, dict of str to ndarray
            a* and b*, float32 (H, W, 2), and the tensors, float32 (1, h, w, channels).

        Raises
        ------
        ArtifactError
            The network has no tensor of a name.
        """
        tensors = self._tensors(lightness, tuple(names))
        outputs = tensors.pop(self.engine.output_names[0])
        if self._needs_distribution(outputs):
            outputs = self._outputs(self.codec.inputs(lightness[None]))
        return self._colors(lightness[None], outputs)[0], tensors

    def predict_ab_samples(self, lightness: Float32, count: int, seed: int) -> Float32:
        """Predict several versions of a picture: its expected color, then modes of its segments.

        Parameters
        ----------
        lightness : ndarray
            L*, float32 (H, W).
        count, seed : int
            Number of versions, and the seed of their choice.

        Returns
        -------
        ndarray
            a* and b*, float32 (count, H, W, 2). The first is that of `predict_ab`.

        Raises
        ------
        PredictionError
            The network was trained without probabilities of colors.
        """
        outputs = self._outputs(self.codec.inputs(lightness[None]), distribution=True)
        if outputs.shape[-1] < len(CENTERS):
            reason = "these weights were trained with head=regression, without probabilities"
            raise PredictionError("effnet_bins cannot make variants", reason)
        ab = self._colors(lightness[None], outputs)[0]
        probabilities = softmax(outputs[0, ..., : len(CENTERS)])
        versions = diverse_versions(
            lightness, ab, probabilities, CENTERS, count, seed, float(self.chroma_gain)
        )
        return np.concatenate([versions[:1], with_usual_tone(versions[1:], lightness)])

    def add_to_graph(self, graph: PictureGraph, lightness: Value) -> Value:
        """Add the operators of :meth:`predict_ab_batch`, for ``colortk export``.

        Parameters
        ----------
        graph : PictureGraph
            The graph.
        lightness : Value
            L*, float32 (1, 1, h, w).

        Returns
        -------
        Value
            a* and b*, float32 (1, 2, h, w).
        """
        x = self.codec.add_inputs(graph, lightness)
        outputs = graph.network(self.engine.content, x)
        if outputs.channels == CHANNELS and self.codec.temperature != 1:
            outputs = graph.network(self.engine.content, x, DISTRIBUTION)
        ab, certainty = self.codec.add_chroma_and_certainty(graph, outputs)
        ab, short = ab * float(self.chroma_gain), graph.short // 4
        vivid = add_more_vivid(graph, ab, self.amount, certainty, lightness, short)
        return add_usual_tone(graph.chroma_along_edges(lightness, vivid, short), lightness)

    def _outputs(self, x: Float32, distribution: bool = False) -> Float32:
        """Return the outputs of the network: the distribution only if it is needed.

        A file may end in expected colors; its logits are then a tensor inside it.
        """
        outputs = self.engine.predict(x)
        if not self._needs_distribution(outputs, distribution):
            return outputs
        if self.with_distribution is None:
            self.with_distribution = self.engine.with_features((DISTRIBUTION,))
        name = self.engine.input_names[0]
        return self.with_distribution.run({name: x}, (DISTRIBUTION,))[DISTRIBUTION]

    def _needs_distribution(self, outputs: Float32, requested: bool = False) -> bool:
        """Whether logits are needed, and ``outputs`` are expected colors."""
        return outputs.shape[-1] == CHANNELS and (requested or self.codec.temperature != 1)

    def _colors(self, lightness: Float32, outputs: Float32) -> Float32:
        """Return a* and b* (N, H, W, 2) of the outputs of the network, along edges."""
        coarse, certainty = self.codec.chroma_and_certainty(outputs)
        size = coarse.shape[2], coarse.shape[1]
        full = []
        for plane, ab, certain in zip(lightness, coarse * self.chroma_gain, certainty, strict=True):
            vivid = more_vivid(ab, self.amount, certain, resize(plane, size))
            field = chroma_field(plane, np.ascontiguousarray(vivid))
            full.append(with_usual_tone(field.chroma_of_block(0, 0, plane), plane))
        return np.ascontiguousarray(full, np.float32)


def colorizer(artifacts: Artifacts, options: Any) -> EffnetBins:
    """Return the colorizer; ``options`` is :class:`.options.Options` or ``None``."""
    options = options or Options()
    return EffnetBins(
        artifacts,
        Bins(options.temperature),
        "colortk_plugins.effnet_bins.network:effnet_bins",
        options,
    )
