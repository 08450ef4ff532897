"""The networks of Acharya (2022), layer by layer as its two tables print them.

The rows of a picture are the second axis of the network, and its columns are the *channels*: an
input of (1, 128, 128) is one line of 128 positions with 128 values each. Only this reading gives
the printed numbers of parameters.

Layers have the names in the tables, FIG 1 for `mean_chrominance` and FIG 3 for the colorizers. Both
tables begin with ``conv2d_7``, because they were printed in different sessions.
"""

from __future__ import annotations

from typing import Any

#: Rows and columns of a picture.
SIDE = 128

#: FIG 3: name, filters, kernel, strides. The text calls the first layer a transposed convolution;
#: the table, which agrees with the printed total, starts with a convolution.
_COLORIZER: list[tuple[str, int, int, tuple[int, int]]] = [
    ("conv2d_7", 128, 2, (1, 1)),
    ("conv2d_transpose_7", 256, 1, (1, 2)),
    ("conv2d_8", 128, 2, (1, 2)),
    ("conv2d_9", 64, 2, (1, 2)),
    ("conv2d_10", 32, 2, (1, 2)),
    ("conv2d_11", 16, 2, (1, 2)),
    ("conv2d_12", 8, 2, (1, 2)),
    ("conv2d_transpose_8", 8, 2, (2, 1)),
    ("conv2d_transpose_9", 16, 2, (1, 2)),
    ("conv2d_transpose_10", 32, 2, (1, 2)),
    ("conv2d_transpose_11", 64, 2, (1, 2)),
    ("conv2d_transpose_12", 128, 2, (1, 2)),
    ("conv2d_transpose_13", 256, 2, (1, 2)),
    ("conv2d_13", 128, 2, (1, 2)),
]
#: The first batch normalization of FIG 3.
_FIRST_NORMALIZATION = 14


def mean_chrominance() -> Any:
    """Return the network of FIG 1, with 43,830 parameters.

    It maps lightness (1, 128, 128) to mean A and B (1, 1, 2), 8-bit CIELAB values over 255. The
    last layer is linear: the paper names an activation for the convolutions only.
    """
    import keras
    from keras import layers

    x = inputs = keras.Input((1, SIDE, SIDE), name="input")
    for index, filters in enumerate((64, 32, 16, 8, 4, 2, 2)):
        x = layers.Conv2D(
            filters,
            2,
            strides=(1, 2),
            padding="same",
            activation="relu",
            name=f"conv2d_{7 + index}",
        )(x)
    x = layers.Dense(2, dtype="float32", name="dense_1")(x)
    return keras.Model(inputs, x, name="mean_chrominance")


def colorizer_relu() -> Any:
    """Return the network of FIG 3 with ReLU, with 585,136 parameters, 582,608 of them trainable.

    It maps lightness (1, 128, 128) to A, then B, (2, 128, 128), 8-bit CIELAB values over 255. Batch
    normalization follows each ReLU, so that outputs can be negative.
    """
    return _colorizer("acharya_relu", last="relu")


def colorizer_tanh() -> Any:
    """Return the network of FIG 3 with tanh in the last two spatial layers.

    Targets are (value - 128) / 127 of the 8-bit A and B. Batch normalization follows the last tanh
    too ("after every Spatial Convolutional or Spatial Transpose Convolutional layer").
    """
    return _colorizer("acharya_tanh", last="tanh")


def _colorizer(name: str, last: str) -> Any:
    """Return the network of FIG 3 with the activation ``last`` in its last two spatial layers."""
    import keras
    from keras import layers

    x = inputs = keras.Input((1, SIDE, SIDE), name="input")
    for index, (layer, filters, kernel, strides) in enumerate(_COLORIZER):
        kind = layers.Conv2DTranspose if "transpose" in layer else layers.Conv2D
        x = kind(
            filters,
            kernel,
            strides=strides,
            padding="same",
            activation=last if index >= len(_COLORIZER) - 2 else "relu",
            name=layer,
        )(x)
        x = layers.BatchNormalization(
            # Under a mixed policy the output stays 32 bits wide.
            dtype="float32" if index == len(_COLORIZER) - 1 else None,
            name=f"batch_normalization_{_FIRST_NORMALIZATION + index}",
        )(x)
    return keras.Model(inputs, x, name=name)
