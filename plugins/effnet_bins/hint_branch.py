"""Layers that bring the hints of a user to the decoder.

The encoder sees lightness only and stays as it was pretrained. The hints enter the decoder at 1/16,
1/8 and 1/4 of the size; at 1/16 self-attention carries them to similar places. All branches end in
zeros at the start of a training, so that the network starts as the one without hints.
"""

from __future__ import annotations

from typing import Any

from .codec import HINT_CHANNELS

#: Filters of the branch at 1/4, 1/8 and 1/16 of the size.
FILTERS = (32, 64, 128)


def lightness_of(inputs: Any) -> Any:
    """Return the first channel of the inputs, (H, W, 1), by a convolution that is not trained."""
    from keras import layers

    def first_only(shape: tuple[int, ...], dtype: Any = None) -> Any:
        from keras import ops

        return ops.cast(ops.reshape(ops.arange(HINT_CHANNELS) == 0, shape), dtype or "float32")

    return layers.Conv2D(
        1, 1, use_bias=False, kernel_initializer=first_only, trainable=False, name="lightness"
    )(inputs)


def hint_features(inputs: Any) -> list[Any]:
    """Return features of the inputs at 1/16, 1/8 and 1/4 of the size, (h, w, filters)."""
    from keras import layers

    features, x = [], inputs
    for number, filters in enumerate(FILTERS):
        kernel, strides = (4, 4) if number == 0 else (3, 2)
        x = layers.Conv2D(
            filters,
            kernel,
            strides=strides,
            padding="same",
            activation="relu",
            kernel_initializer="he_normal",
            name=f"decoder_hint{number}_conv",
        )(x)
        features.append(x)
    return features[::-1]


def add_hints(x: Any, features: Any, name: str) -> Any:
    """Return ``x`` plus a 1x1 convolution of ``features`` that starts as zero."""
    from keras import layers

    added = layers.Conv2D(
        int(x.shape[-1]), 1, kernel_initializer="zeros", name=f"decoder_hint_{name}_conv"
    )(features)
    return layers.Add(name=f"decoder_hint_{name}_add")([x, added])
