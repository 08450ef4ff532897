"""Colorizers that return a colorized picture instead of chroma."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from colortk.errors import PredictionError

if TYPE_CHECKING:
    from colortk.types import Array, Chroma, Lightness

#: Highest value of float sRGB. Networks overshoot 1 a little; values of 0 to 255 are far beyond it.
MAX_VALUE = 2.0


class RgbColorizer(Protocol):
    """A colorizer that returns sRGB; declared with ``output="rgb"``."""

    def predict_rgb(self, lightness: Lightness) -> Array:
        """Predict the colorized picture. The host uses its chroma and keeps the lightness.

        Parameters
        ----------
        lightness : float32 array of shape (H, W)
            CIE L*, 0 to 100, D65, at the declared working size. It must not be changed.
            ``gray_rgb(lightness, numpy.float32)`` is the gray sRGB picture of it.

        Returns
        -------
        uint8 array, or float32 array from 0 to 1, of shape (H, W, 3)
            sRGB; finite, and the same for the same lightness.
        """
        ...


class ChromaOfRgb:
    """A colorizer that returns the chroma of the sRGB that another one returns.

    Parameters
    ----------
    name : str
        Name of the plugin, for messages.
    colorizer : RgbColorizer
        The colorizer.
    """

    def __init__(self, name: str, colorizer: RgbColorizer) -> None:
        self._name, self.colorizer = name, colorizer

    def predict_ab(self, lightness: Lightness) -> Chroma:
        """Return the chroma, float32 (H, W, 2), of lightness, float32 (H, W)."""
        from colortk.color.cielab import ab_of

        rgb = self.colorizer.predict_rgb(lightness)
        if wrong := _wrong(rgb, (*lightness.shape, 3)):
            raise PredictionError(
                f"plugin '{self._name}' returned an unusable result",
                wrong,
                f"report it to the plugin's author; see: colortk plugins check {self._name}",
            )
        return ab_of(rgb)


def _wrong(rgb: Any, shape: tuple[int, ...]) -> str:
    """Return why a result is not sRGB; empty if it is."""
    import numpy as np

    if not isinstance(rgb, np.ndarray):
        return f"{type(rgb).__name__}, not an array"
    if rgb.shape != shape:
        return f"shape {rgb.shape}, not {shape}"
    if rgb.dtype == np.uint8:
        return ""
    if rgb.dtype != np.float32:
        return f"{rgb.dtype}, not float32 or uint8"
    if not np.isfinite(rgb).all():
        return "sRGB that is not finite (NaN or infinity)"
    low, high = float(rgb.min(initial=0)), float(rgb.max(initial=0))
    if low < 1 - MAX_VALUE or high > MAX_VALUE:
        return f"float sRGB from {low:.3g} to {high:.3g}; it lies in 0..1"
    return ""
