"""Metrics and refiners that come with colortk, declared like anybody's."""

from __future__ import annotations

from colortk.hookspecs import hookimpl
from colortk.spec import MetricSpec, RefinerSpec


@hookimpl
def colortk_refiners() -> list[RefinerSpec]:
    refine = "colortk.refine"
    return [
        RefinerSpec(
            "ratio", "Keeps hue and L*, reduces chroma to the sRGB gamut", f"{refine}:ratio"
        ),
        RefinerSpec(
            "slide", "The closed form of Team 2's slide, misprint corrected", f"{refine}:slide"
        ),
        RefinerSpec("none", "Clips to the sRGB gamut", f"{refine}:none"),
    ]


@hookimpl
def colortk_metrics() -> list[MetricSpec]:
    metrics = "colortk.harness.metrics"
    return [
        MetricSpec(
            "psnr",
            "Peak signal-to-noise ratio over R, G and B",
            f"{metrics}.psnr:psnr",
            higher_is_better=True,
            unit="dB",
        ),
        MetricSpec(
            "ssim",
            "Structural similarity, mean over R, G and B; Gaussian window, sigma 1.5",
            f"{metrics}.ssim:ssim",
            higher_is_better=True,
            source="Wang et al. 2004",
        ),
        MetricSpec(
            "delta_e94",
            "Mean CIE94 colour difference, graphic arts",
            f"{metrics}.delta_e94:delta_e94",
            higher_is_better=False,
            source="CIE 116-1995",
        ),
        MetricSpec(
            "ab_rmse",
            "Root mean square error of a* and b*",
            f"{metrics}.ab_rmse:ab_rmse",
            higher_is_better=False,
        ),
    ]
