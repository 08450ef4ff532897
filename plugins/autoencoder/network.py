"""The autoencoder of Darban (2024), layer by layer as its Figure 5 prints it.

Layers have the names in that table, which are the default names of Keras.
"""

from __future__ import annotations

from typing import Any

#: Filters of the convolutions before max-pooling, of those in the middle, and of those after
#: upsampling.
_DOWN, _MIDDLE, _UP = (64, 128, 256), (512, 256), (128, 64)


def autoencoder(side: int | None = None) -> Any:
    """Return the network, with 3,105,346 parameters, 3,102,530 of them trainable.

    It maps lightness (side, side, 1) in 0 to 1 to A and B (side, side, 2) in -1 to 1. ReLU comes
    before batch normalization, and that before the pool, as in the table. The last convolution has
    tanh and no batch normalization. Upsampling repeats pixels, Keras' default: the table names no
    other.

    Parameters
    ----------
    side : int, optional
        256 in the paper; ``None`` takes any height and width that are multiples of 8.
    """
    import keras
    from keras import layers

    x = inputs = keras.Input((side, side, 1), name="input")
    index = 0

    def convolution(x: Any, filters: int) -> Any:
        nonlocal index
        number = f"_{index}" if index else ""
        index += 1
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"conv2d{number}")(x)
        return layers.BatchNormalization(name=f"batch_normalization{number}")(x)

    for level, filters in enumerate(_DOWN):
        x = convolution(x, filters)
        x = layers.MaxPooling2D(name=f"max_pooling2d_{level}" if level else "max_pooling2d")(x)
    for filters in _MIDDLE:
        x = convolution(x, filters)
    for level, filters in enumerate(_UP):
        x = layers.UpSampling2D(name=f"up_sampling2d_{level}" if level else "up_sampling2d")(x)
        x = convolution(x, filters)
    x = layers.UpSampling2D(name="up_sampling2d_2")(x)
    x = layers.Conv2D(
        2, 3, padding="same", activation="tanh", dtype="float32", name=f"conv2d_{index}"
    )(x)
    return keras.Model(inputs, x, name="autoencoder")
