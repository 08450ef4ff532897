"""Detect options that do not fit the values which a network returns."""

from __future__ import annotations

from colortk.plugin import Float32


def wrong_choice(output: Float32, kind: str, ab: Float32) -> str:
    """Return what speaks against the option ``output``; empty if nothing does.

    Parameters
    ----------
    output : float32 array of shape (h, w, C)
        What the network returned for a test picture with all levels of gray.
    kind : str
        The option ``output``.
    ab : float32 array of shape (h, w, 2)
        a* and b* that follow from it.
    """
    low, high = float(output.min()), float(output.max())
    values = f"the network returns {low:.4g} to {high:.4g} for a test picture"
    largest = max(abs(low), abs(high))
    if kind == "ab" and largest <= 1.01:
        return f"{values}, which is nearly gray; output=ab_scaled may be right"
    if kind == "ab_scaled" and largest > 2:
        return f"{values}, which is more than a scaled a* or b*; output=ab may be right"
    if kind == "rgb" and largest > 2:
        return f"{values}; output=rgb_255 may be right"
    if kind == "rgb_255" and largest <= 2:
        return f"{values}; output=rgb may be right"
    if kind in ("rgb", "rgb_255") and low < -0.25 * (255 if kind == "rgb_255" else 1):
        return f"{values}, which is no sRGB; output=ab or ab_scaled may be right"
    if abs(ab).max() > 150:
        return f"{values}, which is outside all colors of sRGB"
    if abs(ab).max() < 0.05:
        return f"{values}, which is gray everywhere; the option input may be wrong"
    return ""
