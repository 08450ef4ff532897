"""EfficientNet-Lite2 and a decoder with skip connections, to how likely each color is.

The encoder goes down to 1/32 of the size, so that it knows what it looks at; the mean of its last
features is added everywhere, so that it also knows where. The decoder goes up to 1/4: bilinear
up-sampling by 2, the encoder's features of that size beside it, a 3x3 convolution, batch
normalization, ReLU. There is no more: chroma is far smoother than lightness, and the way from 1/4
to the picture goes along the picture's own edges (:mod:`colortk.color.upsample`).
"""

from __future__ import annotations

from typing import Any

from .bins import CENTERS
from .encoder import encoder

#: Features that the encoder's last ones are narrowed to, and filters at 1/16, 1/8 and 1/4.
NARROW_FILTERS = 256
DECODER = (192, 128, 96)
#: Share of the features that training leaves out where encoder and decoder meet.
DROPOUT = 0.1
#: What the last layer says: logits of the cells, a regression of a* and b*, or both.
HEAD_OUTPUTS = {"bins": len(CENTERS), "regression": 2, "both": len(CENTERS) + 2}


def effnet_bins(side: int | None = None, head: str = "both") -> Any:
    """Lightness (side, side, 1) to (side / 4, side / 4, outputs), float32.

    ``head``: see `HEADS`; with both, the logits come first. ``side`` is a multiple of 32; None
    takes any height and width that are. Input and output are those of :class:`.codec.Bins`. The
    decoder's layers begin with ``decoder``.
    """
    import keras
    from keras import layers

    inputs = keras.Input((side, side, 1), name="input")
    *skips, x = encoder(inputs)
    x = layers.SpatialDropout2D(DROPOUT, name="decoder_drop")(x)
    whole = layers.GlobalAveragePooling2D(keepdims=True, name="decoder_whole")(x)
    whole = layers.Conv2D(NARROW_FILTERS, 1, name="decoder_whole_conv")(whole)
    x = layers.Conv2D(NARROW_FILTERS, 1, use_bias=False, name="decoder_narrow_conv")(x)
    x = layers.BatchNormalization(momentum=0.9, name="decoder_narrow_bn")(x)
    x = layers.Add(name="decoder_narrow_add")([x, whole])
    x = layers.Activation("relu", name="decoder_narrow_relu")(x)
    for level, (filters, skip) in enumerate(zip(DECODER, reversed(skips), strict=True), start=1):
        name = f"decoder{level}"
        x = layers.UpSampling2D(interpolation="bilinear", name=f"{name}_up")(x)
        x = layers.Concatenate(name=f"{name}_skip")([x, skip])
        x = _convolve(x, filters, name)
    x = _convolve(x, DECODER[-1], "decoder_last")
    x = layers.Conv2D(HEAD_OUTPUTS[head], 1, dtype="float32", name=f"decoder_{head}")(x)
    return keras.Model(inputs, x, name="effnet_bins")


def _convolve(x: Any, filters: int, name: str) -> Any:
    from keras import layers

    x = layers.Conv2D(
        filters,
        3,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_bn")(x)
    return layers.Activation("relu", name=f"{name}_relu")(x)
