"""EfficientNet-Lite and a U-Net decoder that predicts the probability of each color.

The encoder goes down to 1/32 of the size. The mean of its last features over the picture is added
at every position. The decoder goes up to 1/4: bilinear upsampling by 2, concatenation with the
features of the encoder at that size, a 3x3 convolution, batch normalization, ReLU. From there
chroma, which is much smoother than lightness, is upsampled along the edges of the picture
(:mod:`colortk.color.upsample`).

With ``context``, blocks of self-attention follow at 1/16 of the size, where the distribution of
colors has begun to form: a neck can take the color of its face, wherever both lie.
"""

from __future__ import annotations

from typing import Any

from .bins import CENTERS
from .codec import HINT_CHANNELS
from .encoder import encoder
from .hint_branch import add_hints, hint_features, lightness_of

#: Filters at the bottom of the decoder, and at 1/16, 1/8 and 1/4 of the size.
NARROW_FILTERS = 256
DECODER = (192, 128, 96)
#: Of a block of self-attention: heads, and features between its two convolutions by its own.
HEADS_OF_ATTENTION, WIDENING = 8, 2
#: Share of the features that training drops between encoder and decoder.
DROPOUT = 0.1
#: Outputs of the last layer: logits of the cells, a regression of a* and b*, or both.
HEAD_OUTPUTS = {"bins": len(CENTERS), "regression": 2, "both": len(CENTERS) + 2}


def effnet_bins(
    side: int | None = None,
    head: str = "both",
    encoder_size: str = "lite2",
    decoder: tuple[int, int, int] = DECODER,
    context: int = 0,
    hints: bool = False,
) -> Any:
    """Return the network, from lightness (side, side, 1) to (side / 4, side / 4, outputs).

    Parameters
    ----------
    side : int or None
        Height and width in pixels, a multiple of 32; None takes any that are.
    head : str
        See `HEAD_OUTPUTS`; with "both", the logits come first.
    encoder_size : str
        See :data:`.encoder.SIZES`.
    decoder : tuple of int
        Filters at 1/16, 1/8 and 1/4 of the size.
    context : int
        Blocks of self-attention at 1/16; of `HEADS_OF_ATTENTION` heads.
    hints : bool
        Take lightness and hints, (side, side, 4), see :mod:`.hint_branch`.

    Returns
    -------
    keras.Model
        :class:`.codec.Bins` defines input and output; the decoder's layers begin with
        ``decoder``.
    """
    import keras
    from keras import layers

    inputs = keras.Input((side, side, HINT_CHANNELS if hints else 1), name="input")
    *skips, x = encoder(lightness_of(inputs) if hints else inputs, encoder_size)
    hinted = hint_features(inputs) if hints else []
    x = layers.SpatialDropout2D(DROPOUT, name="decoder_drop")(x)
    whole = layers.GlobalAveragePooling2D(keepdims=True, name="decoder_whole")(x)
    whole = layers.Conv2D(NARROW_FILTERS, 1, name="decoder_whole_conv")(whole)
    x = layers.Conv2D(NARROW_FILTERS, 1, use_bias=False, name="decoder_narrow_conv")(x)
    x = layers.BatchNormalization(momentum=0.9, name="decoder_narrow_bn")(x)
    x = layers.Add(name="decoder_narrow_add")([x, whole])
    x = layers.Activation("relu", name="decoder_narrow_relu")(x)
    for level, (filters, skip) in enumerate(zip(decoder, reversed(skips), strict=True), start=1):
        name = f"decoder{level}"
        x = layers.UpSampling2D(interpolation="bilinear", name=f"{name}_up")(x)
        x = layers.Concatenate(name=f"{name}_skip")([x, skip])
        x = _convolve(x, filters, name)
        if hints:
            x = add_hints(x, hinted[level - 1], name)
        if level == 1:
            for number in range(context):
                x = _attended(x, f"decoder_context{number}")
    x = _convolve(x, decoder[-1], "decoder_last")
    x = layers.Conv2D(HEAD_OUTPUTS[head], 1, dtype="float32", name=f"decoder_{head}")(x)
    return keras.Model(inputs, x, name="effnet_bins")


def _attended(x: Any, name: str) -> Any:
    """Return a transformer block (Vaswani et al. 2017) of 1x1 convolutions and batch normalization.

    Batch normalization follows every convolution, so that it can be folded into 8-bit weights, and
    so that queries and keys have a known scale. Both branches start at zero: the block starts as
    the identity.
    """
    from keras import layers

    from colortk.training.attention import SpatialAttention

    channels = int(x.shape[-1])

    def projected(x: Any, filters: int, part: str, gamma: str = "ones") -> Any:
        x = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_{part}_conv")(x)
        return layers.BatchNormalization(
            momentum=0.9, gamma_initializer=gamma, name=f"{name}_{part}_bn"
        )(x)

    # Half as many rows and columns of keys and values: a quarter of the time at serving.
    pooled = layers.AveragePooling2D(2, name=f"{name}_pool")(x)
    projections = [projected(x, channels, "query")]
    projections += [projected(pooled, channels, part) for part in ("key", "value")]
    projections = SpatialAttention(HEADS_OF_ATTENTION, name=f"{name}_attention")(projections)
    x = layers.Add(name=f"{name}_add")([x, projected(projections, channels, "out", "zeros")])
    wide = projected(x, WIDENING * channels, "wide")
    wide = layers.Activation("relu", name=f"{name}_relu")(wide)
    return layers.Add(name=f"{name}_wide_add")([x, projected(wide, channels, "narrow", "zeros")])


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
