"""A depthwise convolution on PyTorch with a fast gradient on CPUs.

On a CPU, oneDNN has fast 16-bit kernels for the gradient of 3x3 convolutions with stride 1. For 5x5
or with strides it uses a plain loop that is up to five times slower than 32 bits, which was most
of a training step of EfficientNet-Lite0. For small feature maps, 32 bits with channels first are
about twice as fast.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.autograd.function import once_differentiable
from torch.nn import functional

#: Largest side of a feature map whose gradient is computed channels first.
_CHANNELS_FIRST_SIDE = 12


def depthwise(x: Any, kernel: Any, bias: Any, strides: Any, padding: Any) -> Any:
    """Convolve each channel with its own kernels.

    Parameters
    ----------
    x : torch.Tensor
        (N, C, H, W).
    kernel : torch.Tensor
        (C * multiplier, 1, height, width).
    bias : torch.Tensor or None
        (C * multiplier,).
    strides, padding
        As in ``torch.nn.functional.conv2d``.

    Returns
    -------
    torch.Tensor
        (N, C * multiplier, H', W').
    """
    if x.device.type != "cpu":
        return functional.conv2d(x, kernel, bias, strides, padding, groups=x.shape[1])
    out = _Depthwise.apply(x, kernel, tuple(strides), tuple(padding))
    return out if bias is None else out + bias[:, None, None]


class _Depthwise(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(ctx: Any, x: Any, kernel: Any, strides: Any, padding: Any) -> Any:
        ctx.save_for_backward(x, kernel)
        ctx.geometry = strides, padding
        return functional.conv2d(x, kernel, None, strides, padding, groups=x.shape[1])

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, gradient: Any) -> Any:
        x, kernel = ctx.saved_tensors
        strides, padding = ctx.geometry
        dtype, layout = x.dtype, torch.channels_last
        if max(kernel.shape[2:]) > 3 or max(strides) > 1:
            dtype = torch.float32
            if max(x.shape[2:]) <= _CHANNELS_FIRST_SIDE:
                layout = torch.contiguous_format
        gradient, x, kernel = (
            tensor.to(dtype=dtype, memory_format=layout) for tensor in (gradient, x, kernel)
        )
        needs_gradient = (*ctx.needs_input_grad[:2], False)
        of_x, of_kernel, _ = torch.ops.aten.convolution_backward(
            gradient,
            x,
            kernel,
            None,
            strides,
            padding,
            (1, 1),
            False,
            (0, 0),
            x.shape[1],
            needs_gradient,
        )
        if of_x is not None:
            of_x = of_x.to(dtype=ctx.saved_tensors[0].dtype, memory_format=torch.channels_last)
        if of_kernel is not None:
            of_kernel = of_kernel.to(ctx.saved_tensors[1].dtype)
        return of_x, of_kernel, None, None
