"""The pictures of a survey: the originals, and each as every plugin colorizes it."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
from PIL import Image

from colortk.color.cielab import lightness
from colortk.errors import PictureError, PredictionError
from colortk.harness.duplicate_pixels import pixel_digest
from colortk.harness.metrics.pair import ScoredPicture
from colortk.harness.outcome import MAX_CONSECUTIVE_FAILURES
from colortk.harness.plugin_variants import PluginVariant
from colortk.harness.protocol import Protocol, reference_picture
from colortk.harness.sources import Source
from colortk.pipeline import colorize, refiner
from colortk.runtime.isolate import Isolated
from colortk.types import Array


@dataclass(frozen=True)
class PreparedPicture:
    """A picture in every condition.

    Parameters
    ----------
    source : Source
        The original.
    chroma : float
        Its mean C*ab.
    enlarged : bool
        It was smaller than the protocol's size.
    versions : tuple of ndarray
        uint8 (H, W, 3) sRGB each, the original first.
    """

    source: Source
    chroma: float
    enlarged: bool
    versions: tuple[Array, ...]


@dataclass(frozen=True)
class LeftOut:
    """A picture that was drawn but cannot be used, and why."""

    source: Source
    why: str


def prepared(
    sources: Iterable[Source],
    variants: Sequence[PluginVariant],
    rules: Protocol,
    timeout: float | None,
) -> Generator[PreparedPicture | LeftOut]:
    """Prepare pictures one by one, each plugin in a separate process.

    Parameters
    ----------
    sources : iterable of Source
        The originals.
    variants : sequence of PluginVariant
        The plugins.
    protocol : Protocol
        How pictures are prepared.
    timeout : float or None
        Seconds for a plugin on one picture.

    Raises
    ------
    PluginError
        If a plugin cannot be loaded.
    PredictionError
        If a plugin fails on five pictures in a row.
    """
    refine = refiner(rules.refine)
    failed = dict.fromkeys((variant.label for variant in variants), 0)
    with ExitStack() as stack:
        plugins = [stack.enter_context(Isolated(variant.request, timeout)) for variant in variants]
        drawn: dict[str, str] = {}
        for source in sources:
            try:
                original = reference_picture(source.read(), source.name, rules)
            except PictureError as error:
                yield LeftOut(source, str(error))
                continue
            other = drawn.setdefault(pixel_digest(original.pixels), source.name)
            if other != source.name:
                yield LeftOut(source, f"'{source.name}' has the pixels of '{other}'")
                continue
            chroma = float(ScoredPicture(original.pixels).chroma.mean(dtype=np.float64))
            if chroma < rules.near_gray:
                limit = f"mean chroma {chroma:.1f}, under {rules.near_gray:g}"
                yield LeftOut(source, f"'{source.name}' is nearly gray: {limit}")
                continue
            versions = [original.pixels]
            light = lightness(original.pixels)
            try:
                for variant, plugin in zip(variants, plugins, strict=True):
                    versions.append(colorize(light, plugin, refine, variant.strength).rgb)
                    failed[variant.label] = 0
            except PredictionError as error:
                failed[variant.label] += 1
                if failed[variant.label] >= MAX_CONSECUTIVE_FAILURES:
                    raise
                yield LeftOut(source, f"'{source.name}': {error}")
                continue
            yield PreparedPicture(source, chroma, original.enlarged, tuple(versions))


def encoded(pixels: Array) -> bytes:
    """Return a PNG of uint8 (H, W, 3), not compressed, without metadata.

    Colorized pictures have smoother colors and would compress better: their size would reveal them.
    """
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=0)
    return out.getvalue()
