"""Run a Keras network on the fused operators of PyTorch: the same numbers, several times as fast.

The PyTorch backend of Keras composes batch normalization, bias and upsampling of elementwise
operations, each a pass over memory. Here the layers that colorizers consist of run as the operators
of PyTorch, channels last. It uses the layers, and so the weights, of the network.
"""

from __future__ import annotations

from typing import Any

import keras
import torch
from keras import layers
from torch.autograd.function import once_differentiable
from torch.nn import functional

from colortk.training.torch.depthwise import depthwise


def accelerate(network: Any) -> Any:
    """Return a network that computes the same as ``network``, faster.

    Parameters
    ----------
    network : keras.Model
        Functional or sequential. The result holds its layers: training one trains the other.

    Returns
    -------
    keras.Model
        The faster network.
    """
    return keras.models.clone_model(network, clone_function=_fused_layer)


def _fused_layer(layer: Any) -> Any:
    for kind, fused in _FUSED.items():
        if type(layer) is kind and _is_supported(layer):
            return fused(layer)
    return layer


def _is_supported(layer: Any) -> bool:
    """Whether ``layer`` has only the usual settings, which are the ones implemented here."""
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        return False
    if type(layer) is layers.BatchNormalization:
        return bool(layer.axis in (-1, 3) and layer.scale and layer.center)
    if type(layer) is layers.Conv2D:
        return bool(layer.groups == 1 and layer.dilation_rate == (1, 1))
    if type(layer) is layers.DepthwiseConv2D:
        return bool(layer.dilation_rate == (1, 1))
    if type(layer) is layers.Conv2DTranspose:
        return bool(
            layer.padding == "same"
            and layer.dilation_rate == (1, 1)
            and layer.output_padding is None
        )
    if type(layer) is layers.UpSampling2D:
        return bool(layer.interpolation in ("nearest", "bilinear"))
    return bool(layer.padding == "valid")


class _Fused(layers.Layer):  # type: ignore[misc]
    """Stands for ``original`` in the graph and computes with its weights."""

    def __init__(self, original: Any) -> None:
        super().__init__(dtype=original.dtype_policy, trainable=original.trainable)
        self.original = original

    def compute_output_spec(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        return keras.KerasTensor(
            self.original.compute_output_shape(inputs.shape), dtype=self.compute_dtype
        )

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        if inputs.device.type == "meta":  # Keras infers shapes
            return self.original(inputs)
        return self.fused(inputs.permute(0, 3, 1, 2), bool(training)).permute(0, 2, 3, 1)

    def fused(self, x: Any, training: bool) -> Any:
        raise NotImplementedError


class _TransposedKernel(torch.autograd.Function):  # type: ignore[misc]
    """A kernel (h, w, in, out) as (out, in, h, w), channels last in memory, in another dtype.

    It is transposed as a matrix, which PyTorch copies in blocks. Permuting four axes takes four
    times as long, a third of a training step with small pictures.
    """

    @staticmethod
    def forward(ctx: Any, kernel: Any, dtype: Any) -> Any:
        ctx.kernel = kernel.shape, kernel.dtype
        height, width, _, out = kernel.shape
        turned = kernel.to(dtype).reshape(-1, out).t().contiguous()
        return turned.view(out, height, width, -1).permute(0, 3, 1, 2)

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, gradient: Any) -> Any:
        shape, dtype = ctx.kernel
        turned = gradient.permute(0, 2, 3, 1).reshape(shape[3], -1).t().contiguous()
        return turned.view(shape).to(dtype), None


class _Conv(_Fused):
    def fused(self, x: Any, training: bool) -> Any:
        layer = self.original
        kernel = self.kernel(x)
        bias = None if layer.bias is None else torch.as_tensor(layer.bias.value).to(x.dtype)
        pads = [
            _same_padding(x.shape[2 + k], layer.kernel_size[k], layer.strides[k])
            if layer.padding == "same"
            else (0, 0)
            for k in (0, 1)
        ]
        if any(before != after for before, after in pads):
            x = functional.pad(x, (*pads[1], *pads[0]))
            pads = [(0, 0), (0, 0)]
        kernel = kernel.contiguous(memory_format=torch.channels_last)
        x = self.convolved(x, kernel, bias, (pads[0][0], pads[1][0]))
        return layer.activation(x)

    def kernel(self, x: Any) -> Any:
        """Return the kernel (out, in of a group, height, width) in the dtype of ``x``."""
        return _TransposedKernel.apply(torch.as_tensor(self.original.kernel.value), x.dtype)

    def convolved(self, x: Any, kernel: Any, bias: Any, padding: tuple[int, int]) -> Any:
        return functional.conv2d(x, kernel, bias, self.original.strides, padding)


class _Depthwise(_Conv):
    def kernel(self, x: Any) -> Any:
        kernel = torch.as_tensor(self.original.kernel.value).to(x.dtype)  # last: (in, multiplier)
        return kernel.permute(2, 3, 0, 1).flatten(0, 1)[:, None]

    def convolved(self, x: Any, kernel: Any, bias: Any, padding: tuple[int, int]) -> Any:
        return depthwise(x, kernel, bias, self.original.strides, padding)


class _Transpose(_Fused):
    def fused(self, x: Any, training: bool) -> Any:
        layer = self.original
        kernel = torch.as_tensor(layer.kernel.value).to(x.dtype).permute(3, 2, 0, 1)
        bias = None if layer.bias is None else torch.as_tensor(layer.bias.value).to(x.dtype)
        sizes, strides = layer.kernel_size, layer.strides
        output_padding = [max(s - k, 0) for k, s in zip(sizes, strides, strict=True)]
        crops = [max(k - s, 0) // 2 for k, s in zip(sizes, strides, strict=True)]
        rows, columns = (side * s for side, s in zip(x.shape[2:], strides, strict=True))
        x = functional.conv_transpose2d(x, kernel, bias, strides, output_padding=output_padding)
        return layer.activation(x[:, :, crops[0] : crops[0] + rows, crops[1] : crops[1] + columns])


def _same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Return the zeros before and after, as TensorFlow pads with "same"."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class _Normalization(_Fused):
    def fused(self, x: Any, training: bool) -> Any:
        layer = self.original
        gamma, beta = layer.gamma.value, layer.beta.value
        mean, variance = layer.moving_mean.value, layer.moving_variance.value
        if not (training and layer.trainable):
            return functional.batch_norm(x, mean, variance, gamma, beta, False, 0, layer.epsilon)
        out, batch, inverse = torch.native_batch_norm(
            x, gamma, beta, None, None, True, 0.0, layer.epsilon
        )
        with torch.no_grad():  # the variance of Keras has no Bessel correction
            mean.lerp_(batch, 1 - layer.momentum)
            variance.lerp_(inverse.pow(-2) - layer.epsilon, 1 - layer.momentum)
        return out


class _MaxPool(_Fused):
    def fused(self, x: Any, training: bool) -> Any:
        return functional.max_pool2d(x, self.original.pool_size, self.original.strides)


class _UpSampling(_Fused):
    def fused(self, x: Any, training: bool) -> Any:
        size = [side * factor for side, factor in zip(x.shape[2:], self.original.size, strict=True)]
        if self.original.interpolation == "nearest":
            return functional.interpolate(x, size, mode="nearest")
        return functional.interpolate(x, size, mode="bilinear", align_corners=False)


_FUSED: dict[Any, Any] = {
    layers.Conv2D: _Conv,
    layers.DepthwiseConv2D: _Depthwise,
    layers.Conv2DTranspose: _Transpose,
    layers.BatchNormalization: _Normalization,
    layers.MaxPooling2D: _MaxPool,
    layers.UpSampling2D: _UpSampling,
}
