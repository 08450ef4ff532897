"""VGG16 as encoder and a decoder with residual connections (Zaman 2020).

The paper prints the encoder (its summary, 14,714,688 parameters: VGG16 without its head), the
input (224x224x3, values over 128), "residual connections that merge intermediate outputs, the
Encoder's output with those produced by the latter decoding portion", L1 and L2 regularization, and
MSE. The rest is our choice:

- The three input channels are equal. A first layer without weights undoes the division by 128 and
  applies the normalization that ImageNet encoders expect.
- The decoder starts from ``block5_pool`` at 1/32 of the size and goes up to 1/2 in four levels. A
  level has a 1x1 convolution, bilinear upsampling by 2, the sum with a 1x1 projection of the
  encoder's features of that size (``block5_conv3``, ``block4_conv3``, ``block3_conv3``,
  ``block2_conv2``), and a 3x3 convolution. Upsampling after the 1x1 convolution gives the same as
  before it, at a quarter of the cost.
- Batch normalization follows every convolution of the decoder: VGG16 has none, and its features are
  tens of times larger than the values that the decoder adds to them.
- Chroma is linear in the last features, a* and b* over 128, at 1/2 of the size, and upsampled
  bilinearly. The 64 features of ``block1_conv2`` are not used: chroma is smoother than that, and at
  full size they would take more memory than the rest of the decoder.
- L1 and L2 apply to every kernel, including a trained encoder's, but not to biases and batch
  normalization. `L1` and `L2` are their factors.
"""

from __future__ import annotations

from typing import Any

#: Filters and number of convolutions of the encoder's blocks.
BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
#: Filters of the decoder at 1/16, 1/8, 1/4 and 1/2 of the size.
DECODER = (256, 128, 64, 32)
#: Divisor of L*, a* and b* (Zaman 2020).
SCALE = 128.0
#: Normalization of RGB in 0 to 1 for torchvision's ImageNet networks.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
#: Penalties of a weight w: L1 |w| + L2 w². With ImageNet weights they begin at 0.0033 in all, a
#: third of the MSE of a constant color; with the encoder frozen at 0.0007.
L1, L2 = 1e-8, 1e-7


def vgg16_residual(
    side: int | None = 224, regularized: bool = True, l1: float = L1, l2: float = L2
) -> Any:
    """Return the network.

    It maps lightness (side, side, 3), L* / 128 three times, to chroma (side, side, 2); a* and b*
    are 128 times the output. The layers of the encoder are named ``block1_conv1`` to
    ``block5_pool`` as printed; names in the decoder begin with ``decoder``.

    Parameters
    ----------
    side : int, optional
        A multiple of 32; ``None`` takes any height and width that are.
    regularized : bool
        Whether kernels have the penalties ``l1`` and ``l2``; outputs do not depend on it.
    l1, l2 : float
        Factors of the penalties.
    """
    import keras
    from keras import layers

    penalty = keras.regularizers.L1L2(l1, l2) if regularized else None
    inputs = keras.Input((side, side, 3), name="input")
    x = layers.Rescaling(
        # L* / 128 to L* / 100, which is gray in 0..1, to mean 0 and deviation 1 over ImageNet.
        [SCALE / 100 / deviation for deviation in STD],
        [-mean / deviation for mean, deviation in zip(MEAN, STD, strict=True)],
        dtype="float32",
        name="imagenet",
    )(inputs)
    x, *skips = reversed(_encoder(x, penalty))
    for level, (filters, skip) in enumerate(zip(DECODER, skips, strict=False), start=1):
        x = _level(x, skip, filters, penalty, f"decoder{level}")
    x = layers.Conv2D(
        2, 3, padding="same", kernel_regularizer=penalty, dtype="float32", name="decoder_ab"
    )(x)
    x = layers.UpSampling2D(interpolation="bilinear", dtype="float32", name="decoder_up")(x)
    return keras.Model(inputs, x, name="vgg16_residual")


def any_size() -> Any:
    """Return the network for prediction: for pictures of any size, without penalties."""
    return vgg16_residual(None, regularized=False)


def _encoder(x: Any, penalty: Any) -> list[Any]:
    """Return the last features of the five blocks, 1 to 1/16 of the size, and ``block5_pool``."""
    from keras import layers

    features = []
    for block, (filters, count) in enumerate(BLOCKS, start=1):
        for number in range(1, count + 1):
            x = layers.Conv2D(
                filters,
                3,
                padding="same",
                activation="relu",
                kernel_initializer="he_normal",
                kernel_regularizer=penalty,
                name=f"block{block}_conv{number}",
            )(x)
        features.append(x)
        x = layers.MaxPooling2D(name=f"block{block}_pool")(x)
    return [*features, x]


def _level(x: Any, skip: Any, filters: int, penalty: Any, name: str) -> Any:
    """Return ``x`` at twice its size, with the features ``skip`` of that size added."""
    from keras import layers

    x = _convolve(x, filters, 1, penalty, f"{name}_narrow")
    x = layers.UpSampling2D(interpolation="bilinear", name=f"{name}_up")(x)
    skip = _convolve(skip, filters, 1, penalty, f"{name}_project")
    x = layers.Add(name=f"{name}_add")([x, skip])
    x = layers.Activation("relu", name=f"{name}_relu1")(x)
    x = _convolve(x, filters, 3, penalty, f"{name}_conv")
    return layers.Activation("relu", name=f"{name}_relu2")(x)


def _convolve(x: Any, filters: int, kernel: int, penalty: Any, name: str) -> Any:
    from keras import layers

    x = layers.Conv2D(
        filters,
        kernel,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        kernel_regularizer=penalty,
        name=name,
    )(x)
    return layers.BatchNormalization(momentum=0.9, name=f"{name}_bn")(x)
