"""A colorizer in one small file: everything the brown of old prints, as strong as you like."""

from __future__ import annotations

from dataclasses import dataclass

from colortk.plugin import ColorizerSpec, WorkingSize, hookimpl


@dataclass(frozen=True)
class Options:
    """``--option chroma=30``: how brown, in CIELAB units."""

    chroma: float = 22.0

    def __post_init__(self) -> None:
        if not 0 <= self.chroma <= 100:
            raise ValueError("chroma lies in 0..100")


class Sepia:
    """One hue everywhere, weaker in deep shadow."""

    def __init__(self, artifacts, options: Options) -> None:
        self.chroma = options.chroma

    def predict_ab(self, lightness):
        """Chroma, float32 (H, W, 2)."""
        import numpy as np  # not at the top: declaring a plugin should stay cheap

        strength = np.minimum(lightness / 40, 1) * self.chroma
        return np.stack([strength * 0.37, strength * 0.93], -1).astype(np.float32)


@hookimpl
def colortk_colorizers():
    """Declare the one colorizer."""
    return [
        ColorizerSpec(
            name="sepia",
            summary="The brown of old prints",
            factory="colortk_sepia:Sepia",
            working_size=WorkingSize(short=64),
            options=Options,
        )
    ]
