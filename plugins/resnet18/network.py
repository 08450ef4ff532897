"""ResNet-18 as encoder of lightness, and a small decoder to chroma (Kazerooni and Mehmetoglu).

The paper gives the encoder (its Figure 1, the 18-layer column of He et al. 2015, table 1) and
the objective, MSE on a* and b*. It does not describe the decoder, nor how the encoder takes one
channel. Our choices:

- conv1 takes lightness only, (L* - 50) / 50. ImageNet weights, if given, are summed over their
  three channels (`encoder_weights`).
- conv5_x is kept at 1/32 of the size, so that the encoder is a complete ResNet-18.
- The decoder goes from 1/32 to 1/2 of the size: bilinear upsampling by 2, concatenation with the
  features of the encoder at that size, a 3x3 convolution, batch normalization, ReLU. It adds 10 %
  of the parameters of the encoder.
- Chroma is predicted at 1/2 of the size and upsampled bilinearly, because it is much smoother than
  lightness, and features at full size would take most of the time and memory.
"""

from __future__ import annotations

from typing import Any

#: Filters of conv2_x to conv5_x, two basic blocks each.
STAGES = (64, 128, 256, 512)
#: Filters of the decoder at 1/16, 1/8, 1/4 and 1/2 of the size.
DECODER = (112, 96, 64, 32)
#: a* and b* of an output of 1.
AB_SCALE = 110.0
#: The epsilon of PyTorch, for which the weights of torchvision were trained.
EPSILON = 1e-5


def resnet18(side: int | None = None) -> Any:
    """Return the network.

    It maps lightness (side, side, 1), (L* - 50) / 50, to chroma (side, side, 2); a* and b* are 110
    times the linear output. The encoder has 11,170,240 trainable parameters (ResNet-18 has
    11,176,512 with three input channels). Its layers are named as in torchvision, ``conv1``,
    ``layer1_0_conv1``; names in the decoder begin with ``decoder``.

    Parameters
    ----------
    side : int, optional
        A multiple of 32; ``None`` takes any height and width that are.
    """
    import keras
    from keras import layers

    inputs = keras.Input((side, side, 1), name="input")
    x, *skips = reversed(_encoder(inputs))
    for level, (filters, skip) in enumerate(zip(DECODER, skips, strict=True), start=1):
        name = f"decoder{level}"
        x = layers.UpSampling2D(interpolation="bilinear", name=f"{name}_up")(x)
        x = layers.Concatenate(name=f"{name}_skip")([x, skip])
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"{name}_conv")(x)
        x = layers.BatchNormalization(name=f"{name}_bn")(x)
        x = layers.Activation("relu", name=f"{name}_relu")(x)
    x = layers.Conv2D(2, 3, padding="same", dtype="float32", name="decoder_ab")(x)
    x = layers.UpSampling2D(interpolation="bilinear", dtype="float32", name="decoder_up")(x)
    return keras.Model(inputs, x, name="resnet18")


def _encoder(x: Any) -> list[Any]:
    """Return features at 1/2, 1/4, 1/8, 1/16 and 1/32 of the size."""
    from keras import layers

    x = _convolve(x, 64, 7, 2, "conv1")
    x = _normalize(x, "bn1")
    x = layers.Activation("relu", name="relu")(x)
    features = [x]
    # Padding before the pool is zeros, not minus infinity: after ReLU it is the same.
    x = layers.ZeroPadding2D(1, name="maxpool_pad")(x)
    x = layers.MaxPooling2D(3, strides=2, name="maxpool")(x)
    for stage, filters in enumerate(STAGES, start=1):
        x = _block(x, filters, 1 if stage == 1 else 2, f"layer{stage}_0")
        x = _block(x, filters, 1, f"layer{stage}_1")
        features.append(x)
    return features


def _block(x: Any, filters: int, strides: int, name: str) -> Any:
    """Return two 3x3 convolutions with a shortcut, projected where the shape changes (option B)."""
    from keras import layers

    shortcut = x
    if strides != 1:
        shortcut = _convolve(x, filters, 1, strides, f"{name}_downsample_0")
        shortcut = _normalize(shortcut, f"{name}_downsample_1")
    x = _convolve(x, filters, 3, strides, f"{name}_conv1")
    x = _normalize(x, f"{name}_bn1")
    x = layers.Activation("relu", name=f"{name}_relu1")(x)
    x = _convolve(x, filters, 3, 1, f"{name}_conv2")
    x = _normalize(x, f"{name}_bn2")
    x = layers.Add(name=f"{name}_add")([x, shortcut])
    return layers.Activation("relu", name=f"{name}_relu2")(x)


def _convolve(x: Any, filters: int, kernel: int, strides: int, name: str) -> Any:
    """Return a convolution padded by half its kernel on every side.

    Keras pads strided "same" convolutions by one less at the top and left.
    """
    from keras import layers

    if strides != 1 and kernel > 1:
        x = layers.ZeroPadding2D(kernel // 2, name=f"{name}_pad")(x)
    return layers.Conv2D(
        filters,
        kernel,
        strides=strides,
        padding="same" if strides == 1 else "valid",
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)


def _normalize(x: Any, name: str) -> Any:
    from keras import layers

    return layers.BatchNormalization(momentum=0.9, epsilon=EPSILON, name=name)(x)
