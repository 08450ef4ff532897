"""A result and its original, with intermediate values that several metrics share."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from colortk._opencv import cv2
from colortk.color.cielab import rgb_to_lab
from colortk.errors import UsageError
from colortk.harness.metrics.cie94 import cie94
from colortk.harness.metrics.ciede2000 import in_blocks
from colortk.harness.metrics.structure import Pyramid, StructuralSimilarity
from colortk.types import Array, Float32, LabPlanes


class ScoredPicture:
    """A picture to score. Its arrays are read-only.

    Parameters
    ----------
    pixels : ndarray
        sRGB uint8 (H, W, 3).

    Raises
    ------
    UsageError
        If ``pixels`` is anything else.
    """

    def __init__(self, pixels: Array) -> None:
        if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8:
            type_name = pixels.dtype if isinstance(pixels, np.ndarray) else type(pixels).__name__
            raise UsageError(
                "a picture to be scored must be uint8",
                f"it is {type_name}",
                "pass sRGB values from 0 to 255",
            )
        if pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
            raise UsageError("a picture to be scored must be (H, W, 3)", f"it is {pixels.shape}")
        self.pixels = np.ascontiguousarray(pixels).view()
        self.pixels.flags.writeable = False

    @cached_property
    def channels(self) -> tuple[Array, Array, Array]:
        """R, G and B, each uint8 (H, W)."""
        red, green, blue = cv2.split(self.pixels)
        return red, green, blue

    @cached_property
    def lab(self) -> Float32:
        """CIELAB, float32 (H, W, 3)."""
        return rgb_to_lab(self.pixels)

    @cached_property
    def planes(self) -> LabPlanes:
        """L*, a* and b*, each float32 (H, W)."""
        lightness, a, b = cv2.split(self.lab)
        return lightness, a, b

    @cached_property
    def chroma(self) -> Float32:
        """C*ab, float32 (H, W)."""
        _, a, b = self.planes
        chroma: Float32 = np.sqrt(a * a + b * b)
        return chroma

    @cached_property
    def rgb_pyramid(self) -> Pyramid:
        """R, G and B for structural similarity, range 255."""
        return Pyramid(self.channels, 255.0, 0.0)

    @cached_property
    def lightness_pyramid(self) -> Pyramid:
        """L* for structural similarity, range 100."""
        return Pyramid(self.planes[:1], 100.0, 0.0)

    @cached_property
    def ab_pyramid(self) -> Pyramid:
        """a* + 128 and b* + 128 for structural similarity, range 255."""
        return Pyramid(self.planes[1:], 255.0, 128.0)

    @cached_property
    def features(self) -> list[Float32]:
        """Five feature maps for LPIPS, float32 (C, h, w). May raise ``PictureError``."""
        from colortk.harness.lpips.network import features

        return [layer[0] for layer in features(self.pixels[None])]

    @cached_property
    def vgg_features(self) -> list[Float32]:
        """The same of VGG16. May raise ``PictureError`` or ``ArtifactError``."""
        from colortk.harness.lpips.network import vgg_features

        return [layer[0] for layer in vgg_features(self.pixels[None])]


class Truth(ScoredPicture):
    """An original. Keep it while the results of several plugins are scored against it."""


class Pair:
    """An original and a result of the same size.

    Parameters
    ----------
    truth : Truth
        The original.
    result : ndarray
        sRGB uint8 (H, W, 3).

    Raises
    ------
    UsageError
        If the sizes differ.
    """

    def __init__(self, truth: Truth, result: Array) -> None:
        self.truth = truth
        self.result = ScoredPicture(result)
        result_shape, truth_shape = self.result.pixels.shape, truth.pixels.shape
        if result_shape != truth_shape:
            raise UsageError(
                "result and original differ in size",
                f"{result_shape[1]} × {result_shape[0]} and {truth_shape[1]} × {truth_shape[0]}",
            )

    @cached_property
    def squared_error(self) -> float:
        """Mean over pixels, R, G and B of the squared difference, 0..255²."""
        total = round(cv2.norm(self.truth.pixels, self.result.pixels, cv2.NORM_L2SQR))
        return float(total) / self.truth.pixels.size

    @cached_property
    def ab_squares(self) -> Float32:
        """(Δa*)² + (Δb*)², float32 (H, W)."""
        (_, a, b), (_, c, d) = self.truth.planes, self.result.planes
        squares: Float32 = (a - c) ** 2 + (b - d) ** 2
        return squares

    @cached_property
    def mean_ab_square(self) -> float:
        """Mean over pixels of (Δa*)² + (Δb*)²."""
        return float(self.ab_squares.mean(dtype=np.float64))

    @cached_property
    def delta_e76(self) -> Float32:
        """Euclidean distance in CIELAB, float32 (H, W)."""
        difference = self.truth.planes[0] - self.result.planes[0]
        distance: Float32 = np.sqrt(difference * difference + self.ab_squares)
        return distance

    @cached_property
    def delta_e94(self) -> Float32:
        """CIE94 difference of graphic arts, float32 (H, W); the original is the standard."""
        lightness = self.truth.planes[0] - self.result.planes[0]
        return cie94(lightness, self.ab_squares, self.truth.chroma, self.result.chroma)

    @cached_property
    def delta_e00(self) -> Float32:
        """CIEDE2000 difference, float32 (H, W)."""
        difference: Float32 = in_blocks(self.truth.planes, self.result.planes)
        return difference

    @cached_property
    def rgb_structure(self) -> StructuralSimilarity:
        """Structural similarity of R, G and B by scale."""
        return StructuralSimilarity(self.truth.rgb_pyramid, self.result.rgb_pyramid)

    @cached_property
    def ab_structure(self) -> StructuralSimilarity:
        """Structural similarity of a* and b* by scale."""
        return StructuralSimilarity(self.truth.ab_pyramid, self.result.ab_pyramid)

    @cached_property
    def lightness_structure(self) -> StructuralSimilarity:
        """Structural similarity of L* by scale."""
        return StructuralSimilarity(self.truth.lightness_pyramid, self.result.lightness_pyramid)
