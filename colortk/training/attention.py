"""Self-attention over the positions of a feature map, as a Keras layer without weights.

Queries, keys and values come from 1x1 convolutions, which are separate layers of the network. This
layer only lets every position attend to all positions (Vaswani et al. 2017, "Attention Is All You
Need"). Height and width may be open, and may differ between training and serving.
"""

from __future__ import annotations

from typing import Any

import keras


@keras.saving.register_keras_serializable("colortk")
class SpatialAttention(keras.layers.Layer):  # type: ignore[misc]
    """Attend from every position of a picture to every position of a smaller or equal map of it.

    Parameters
    ----------
    heads : int
        Heads that attend independently; divides the number of channels.
    **options
        Options of every Keras layer, such as ``name``.

    Notes
    -----
    Called with a list of queries, float (N, H, W, C), keys and values, both (N, h, w, C); returns
    (N, H, W, C): per head of ``C / heads`` channels, softmax(q kᵀ / sqrt(C / heads)) v.

    Examples
    --------
    >>> attended = SpatialAttention(8, name="attention")([q, k, v])  # doctest: +SKIP
    """

    def __init__(self, heads: int, **options: Any) -> None:
        super().__init__(**options)
        self.heads = heads

    def compute_output_spec(self, inputs: Any, *_: Any, **__: Any) -> Any:
        """Describe the output: as the queries. Raises ``ValueError`` for shapes that do not fit."""
        shapes = [tuple(tensor.shape) for tensor in inputs]
        ranks, channels = {len(shape) for shape in shapes}, {shape[-1] for shape in shapes}
        if len(shapes) != 3 or shapes[1] != shapes[2] or ranks != {4} or len(channels) != 1:
            raise ValueError(
                f"{self.name}: queries, keys and values need one number of channels, and keys and"
                f" values one shape: {shapes}"
            )
        if inputs[0].shape[-1] % self.heads:
            raise ValueError(f"{self.name}: {self.heads} heads do not divide {shapes[0][-1]}")
        return keras.KerasTensor(inputs[0].shape, dtype=self.compute_dtype)

    def call(self, inputs: Any) -> Any:
        """Compute the attention of ``inputs``: queries, keys, values."""
        from keras import ops

        size = inputs[0].shape[-1] // self.heads
        shapes = [ops.shape(x) for x in inputs]
        split = [
            ops.reshape(x, (shape[0], shape[1] * shape[2], self.heads, size))
            for x, shape in zip(inputs, shapes, strict=True)
        ]
        return ops.reshape(ops.dot_product_attention(*split), shapes[0])

    def get_config(self) -> dict[str, Any]:
        """Return the options for :meth:`from_config`."""
        return {**super().get_config(), "heads": self.heads}
