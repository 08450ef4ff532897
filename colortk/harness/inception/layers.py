"""The layers of the Inception v3 that FID is defined on, up to the last average pool.

The names are those of the published state dict. The network is that of the TensorFlow graph of
2015, which differs from torchvision's: average pools do not count the border, and the last block
pools by the maximum.

References
----------
C. Szegedy et al. (2016), "Rethinking the Inception Architecture for Computer Vision"; M. Heusel et
al. (2017), "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium";
the package pytorch-fid, whose weights are used.
"""

from __future__ import annotations

from dataclasses import dataclass

Size = tuple[int, int]


@dataclass(frozen=True)
class Convolution:
    """A convolution without bias, a batch normalization and a ReLU; ``pad`` is (rows, columns)."""

    name: str
    inputs: int
    outputs: int
    kernel: Size = (1, 1)
    stride: int = 1
    pad: Size = (0, 0)


@dataclass(frozen=True)
class Pool:
    """A pool of 3 × 3; averages do not count the border."""

    kind: str
    stride: int
    pad: int


@dataclass(frozen=True)
class Split:
    """Paths with the same input, whose outputs are joined."""

    paths: tuple[tuple[Layer, ...], ...]


Layer = Convolution | Pool | Split
_MEAN, _MAXIMUM, _REDUCE = (
    Pool("AveragePool", 1, 1),
    Pool("MaxPool", 1, 1),
    Pool("MaxPool", 2, 0),
)


def _square(name: str, inputs: int, outputs: int, side: int = 1, stride: int = 1) -> Convolution:
    """Return a convolution whose output has the size of the input, unless it has a stride."""
    pad = side // 2 if stride == 1 else 0
    return Convolution(name, inputs, outputs, (side, side), stride, (pad, pad))


def _strip(name: str, inputs: int, outputs: int, side: int, tall: bool) -> Convolution:
    kernel, pad = (side, 1), (side // 2, 0)
    if not tall:
        kernel, pad = kernel[::-1], pad[::-1]
    return Convolution(name, inputs, outputs, kernel, 1, pad)


def _a(name: str, inputs: int, pooled: int) -> Split:
    return Split(
        (
            (_square(f"{name}.branch1x1", inputs, 64),),
            (
                _square(f"{name}.branch5x5_1", inputs, 48),
                _square(f"{name}.branch5x5_2", 48, 64, 5),
            ),
            (
                _square(f"{name}.branch3x3dbl_1", inputs, 64),
                _square(f"{name}.branch3x3dbl_2", 64, 96, 3),
                _square(f"{name}.branch3x3dbl_3", 96, 96, 3),
            ),
            (_MEAN, _square(f"{name}.branch_pool", inputs, pooled)),
        )
    )


def _b(name: str, inputs: int) -> Split:
    return Split(
        (
            (_square(f"{name}.branch3x3", inputs, 384, 3, 2),),
            (
                _square(f"{name}.branch3x3dbl_1", inputs, 64),
                _square(f"{name}.branch3x3dbl_2", 64, 96, 3),
                _square(f"{name}.branch3x3dbl_3", 96, 96, 3, 2),
            ),
            (_REDUCE,),
        )
    )


def _c(name: str, width: int) -> Split:
    strips = [(width, False), (width, True), (width, False)]
    double = [
        _strip(f"{name}.branch7x7dbl_{k}", width, outputs, 7, tall)
        for k, (outputs, tall) in enumerate([*((w, not t) for w, t in strips), (192, False)], 2)
    ]
    return Split(
        (
            (_square(f"{name}.branch1x1", 768, 192),),
            (
                _square(f"{name}.branch7x7_1", 768, width),
                _strip(f"{name}.branch7x7_2", width, width, 7, False),
                _strip(f"{name}.branch7x7_3", width, 192, 7, True),
            ),
            (_square(f"{name}.branch7x7dbl_1", 768, width), *double),
            (_MEAN, _square(f"{name}.branch_pool", 768, 192)),
        )
    )


def _d(name: str) -> Split:
    return Split(
        (
            (
                _square(f"{name}.branch3x3_1", 768, 192),
                _square(f"{name}.branch3x3_2", 192, 320, 3, 2),
            ),
            (
                _square(f"{name}.branch7x7x3_1", 768, 192),
                _strip(f"{name}.branch7x7x3_2", 192, 192, 7, False),
                _strip(f"{name}.branch7x7x3_3", 192, 192, 7, True),
                _square(f"{name}.branch7x7x3_4", 192, 192, 3, 2),
            ),
            (_REDUCE,),
        )
    )


def _e(name: str, inputs: int, pool: Pool) -> Split:
    def fork(prefix: str) -> Split:
        wide = _strip(f"{name}.{prefix}a", 384, 384, 3, False)
        return Split(((wide,), (_strip(f"{name}.{prefix}b", 384, 384, 3, True),)))

    return Split(
        (
            (_square(f"{name}.branch1x1", inputs, 320),),
            (_square(f"{name}.branch3x3_1", inputs, 384), fork("branch3x3_2")),
            (
                _square(f"{name}.branch3x3dbl_1", inputs, 448),
                _square(f"{name}.branch3x3dbl_2", 448, 384, 3),
                fork("branch3x3dbl_3"),
            ),
            (pool, _square(f"{name}.branch_pool", inputs, 192)),
        )
    )


#: All layers; the mean of their output over positions are the 2,048 features.
LAYERS: tuple[Layer, ...] = (
    _square("Conv2d_1a_3x3", 3, 32, 3, 2),
    Convolution("Conv2d_2a_3x3", 32, 32, (3, 3)),
    _square("Conv2d_2b_3x3", 32, 64, 3),
    _REDUCE,
    _square("Conv2d_3b_1x1", 64, 80),
    Convolution("Conv2d_4a_3x3", 80, 192, (3, 3)),
    _REDUCE,
    _a("Mixed_5b", 192, 32),
    _a("Mixed_5c", 256, 64),
    _a("Mixed_5d", 288, 64),
    _b("Mixed_6a", 288),
    _c("Mixed_6b", 128),
    _c("Mixed_6c", 160),
    _c("Mixed_6d", 160),
    _c("Mixed_6e", 192),
    _d("Mixed_7a"),
    _e("Mixed_7b", 1280, _MEAN),
    _e("Mixed_7c", 2048, _MAXIMUM),
)


def convolutions(layers: tuple[Layer, ...] = LAYERS) -> list[Convolution]:
    """Return all convolutions, those of paths included."""
    found: list[Convolution] = []
    for layer in layers:
        if isinstance(layer, Convolution):
            found.append(layer)
        elif isinstance(layer, Split):
            for path in layer.paths:
                found += convolutions(path)
    return found
