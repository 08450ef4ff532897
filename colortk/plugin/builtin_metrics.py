"""Declarations of the metrics and refiners that come with colortk."""

from __future__ import annotations

import math
from typing import Any

from colortk.plugin.builtin_artifacts import INCEPTION
from colortk.plugin.builtin_references import entries
from colortk.plugin.hookspecs import hookimpl
from colortk.plugin.spec import MetricSpec, RefinerSpec


@hookimpl
def colortk_refiners() -> list[RefinerSpec]:
    """Declare the refiners."""
    refine = "colortk.color.refine"
    return [
        RefinerSpec(
            "ratio", "Keeps hue and L*, reduces chroma to the sRGB gamut", f"{refine}:ratio"
        ),
        RefinerSpec(
            "slide", "Formula of the sift_mlp paper; colors are much too strong",
            f"{refine}:slide", bibtex=entries("slide"),
        ),
        RefinerSpec("none", "Clips to the sRGB gamut", f"{refine}:none"),
    ]  # fmt: skip


@hookimpl
def colortk_metrics() -> list[MetricSpec]:
    """Declare the metrics of pictures and of films."""
    return [
        _metric(
            "lpips", "LPIPS", "Learned perceptual distance, AlexNet, version 0.1", False,
            digits=4, source="Zhang et al. 2018",
        ),
        _metric(
            "lpips_vgg", "LPIPS VGG", "Learned perceptual distance, VGG16, version 0.1", False,
            digits=4, source="Zhang et al. 2018", weights_variable="COLORTK_LPIPS_VGG",
        ),
        _metric(
            "naturalness", "naturalness",
            "Predicted rating by people, relative to the original; fitted to HECD", True,
            digits=2, chroma=True, unit="z-score", source="fitted to Mullery and Whelan 2022",
            bounds=(-math.inf, math.inf),
        ),
        _metric(
            "ms_ssim", "MS-SSIM", "Multi-scale structural similarity, mean over R, G and B", True,
            digits=4, source="Wang et al. 2003",
        ),
        _metric(
            "ms_ssim_ab", "MS-SSIM ab", "Multi-scale structural similarity, mean over a* and b*",
            True, "ms_ssim", digits=4, chroma=True,
            source="Wang et al. 2003; Mullery and Whelan 2022",
        ),
        _metric(
            "cms_ssim", "CMS-SSIM", "MS-SSIM of L* times a comparison of color", True,
            digits=4, chroma=True, source="after Hassan and Bhagvati 2012",
        ),
        _metric(
            "delta_e00", "ΔE00", "Mean CIEDE2000 color difference", False,
            digits=2, chroma=True, source="Sharma et al. 2005",
        ),
        _metric(
            "delta_e00_p95", "ΔE00 p95", "95th percentile of the CIEDE2000 color difference",
            False, "delta_e00", digits=2, chroma=True, source="Sharma et al. 2005",
        ),
        _metric(
            "delta_e94", "ΔE94", "Mean CIE94 color difference, graphic arts", False,
            digits=2, chroma=True, source="CIE 116-1995",
        ),
        _metric(
            "delta_e76", "ΔE76", "Mean Euclidean distance in CIELAB", False,
            digits=2, chroma=True, source="ISO/CIE 11664-4",
        ),
        _metric(
            "within_jnd", "ΔE76<2.3", "Share of pixels below the just noticeable difference", True,
            "delta_e76", digits=3, chroma=True, unit="share", source="Mahy et al. 1994",
        ),
        _metric(
            "colorfulness", "CF", "Colorfulness of the result", None, digits=2, chroma=True,
            takes="pictures", needs_reference=False, source="Hasler and Süsstrunk 2003",
        ),
        _metric(
            "colorfulness_error", "ΔCF",
            "Difference of colorfulness between the result and the original",
            False, "colorfulness", digits=2, chroma=True, source="Hasler and Süsstrunk 2003",
        ),
        _metric(
            "chroma_ratio", "chroma", "Mean chroma of the result over that of the original", None,
            "chroma", digits=3, unit="ratio", chroma=True,
        ),
        _metric(
            "psnr", "PSNR", "Peak signal-to-noise ratio over R, G and B", True,
            digits=2, unit="dB",
        ),
        _metric(
            "psnr_ab", "PSNR ab", "Peak signal-to-noise ratio over a* and b*, peak 255", True,
            "psnr", digits=2, chroma=True, unit="dB",
        ),
        _metric(
            "ssim", "SSIM",
            "Structural similarity, mean over R, G and B; Gaussian window, sigma 1.5", True,
            digits=4, source="Wang et al. 2004",
        ),
        _metric(
            "mse", "MSE", "Mean squared error of R, G and B", False,
            digits=1, unit="level²",
        ),
        _metric(
            "mae", "MAE", "Mean absolute error of R, G and B", False,
            "mse", digits=2, unit="level",
        ),
        _metric(
            "ab_rmse", "ab-RMSE", "Root mean square error of a* and b*", False,
            digits=2, chroma=True,
        ),
        _metric(
            "ab_auc", "ab-AUC", "Area under the share of pixels within an a*b* error of 0 to 150",
            True, digits=4, chroma=True, unit="share", source="Zhang et al. 2016",
        ),
        _metric(
            "ab_auc_rebalanced", "ab-AUC rebal.",
            "The same area, pixels weighted by how rare their true color is", True, "ab_auc",
            digits=4, chroma=True, unit="share", source="Zhang et al. 2016",
        ),
        _metric(
            "mean_chrominance_mse", "mean-ab MSE", "Squared error of the mean a* and b*, over 255²",
            False, "chroma", digits=6, chroma=True, source="Acharya 2022",
        ),
        _set_metric(
            "frechet_alexnet", "FD-AlexNet", "Fréchet distance of AlexNet features", "alexnet",
            digits=3, source="Dowson and Landau 1982; after Heusel et al. 2017",
        ),
        _set_metric(
            "fid", "FID", "Fréchet Inception distance", "inception", digits=2,
            source="Heusel et al. 2017", weights_variable="COLORTK_INCEPTION",
            artifacts=(INCEPTION,),
        ),
        _set_metric(
            "kid", "KID", "Kernel Inception distance", "inception", digits=5,
            source="Bińkowski et al. 2018", weights_variable="COLORTK_INCEPTION",
            artifacts=(INCEPTION,), weights_name="fid",
        ),
        MetricSpec(
            "flicker", "Mean change of a* and b* from frame to frame, along motion",
            "colortk.harness.flicker:ColorFlicker", False, needs_reference=False, takes="film",
            digits=2, label="flicker", source="after Lai et al. 2018",
            definition=DEFINITIONS["flicker"], bounds=(0, math.inf), bibtex=entries("flicker"),
        ),
    ]  # fmt: skip


def _set_metric(
    name: str, label: str, summary: str, features: str, **attributes: Any
) -> MetricSpec:
    """Declare a built-in metric of sets of pictures; lower is better."""
    function = f"colortk.harness.features:{features}"
    if features == "inception":
        function = "colortk.harness.inception.network:inception"
    kernel = "colortk.harness.kernel_distance:kernel_distance"
    return MetricSpec(
        name, summary, function, False, needs_reference=False, takes="set", label=label,
        definition=DEFINITIONS[name], bounds=(-math.inf if name == "kid" else 0, math.inf),
        set_function=kernel if name == "kid" else "colortk.harness.frechet:frechet",
        bibtex=entries(name), **attributes,
    )  # fmt: skip


def _metric(
    name: str, label: str, summary: str, higher: bool | None, module: str = "", **attributes: Any
) -> MetricSpec:
    """Declare a built-in metric; ``takes`` is "pair" by default."""
    function = f"colortk.harness.metrics.{module or name}:{name}"
    attributes.setdefault("takes", "pair")
    attributes.setdefault("definition", DEFINITIONS[name])
    attributes.setdefault("bounds", BOUNDS.get(name, (0, math.inf)))
    attributes.setdefault("bibtex", entries(name))
    return MetricSpec(name, summary, function, higher, label=label, **attributes)


#: Values that a metric can have, where that is not everything from 0 on.
BOUNDS = {
    "ms_ssim": (0, 1),
    "ms_ssim_ab": (0, 1),
    "cms_ssim": (0, 1),
    "within_jnd": (0, 1),
    "psnr": (0, 100),
    "psnr_ab": (0, 100),
    "ssim": (-1, 1),
    "mse": (0, 255**2),
    "mae": (0, 255),
    "ab_auc": (0, 1),
    "ab_auc_rebalanced": (0, 1),
}
#: Definition of each number; every report prints it under its table.
DEFINITIONS = {
    "lpips": (
        "LPIPS version 0.1: distance between AlexNet features, linear weights of the "
        "authors, at the size at which the protocol compares pictures (256 × 256 unless "
        "stated otherwise); 0 for identical pictures"
    ),
    "lpips_vgg": (
        "LPIPS version 0.1: distance between VGG16 features, linear weights of the authors, at the "
        "size at which the protocol compares pictures (256 × 256 unless stated otherwise); 0 for "
        "identical pictures"
    ),
    "naturalness": (
        "weighted sum of eight differences to the original (the formula is in docs/metrics.md), "
        "fitted to the ratings of 20 scenes in HECD (Mullery and Whelan 2022); 0 for identical "
        "pictures, in standard deviations of ratings"
    ),
    "ms_ssim": (
        "SSIM at five scales (means of 2 × 2 pixels; weights 0.0448, 0.2856, 0.3001, "
        "0.2363, 0.1333; Gaussian window 11 × 11, σ 1.5; range 255), mean over R, G and "
        "B; sides under 176 pixels have fewer scales"
    ),
    "ms_ssim_ab": (
        "MS-SSIM of a* + 128 and of b* + 128, range 255, mean over the two; window and "
        "weights as for MS-SSIM"
    ),
    "cms_ssim": (
        "MS-SSIM of L* (range 100) times the mean over pixels of 1 − min(ΔE*ab, 49) / 49;"
        " a variant of our own, not comparable with published values"
    ),
    "delta_e00": "CIEDE2000 (kL = kC = kH = 1, D65), mean over the pixels of a picture",
    "delta_e00_p95": (
        "CIEDE2000 (kL = kC = kH = 1, D65), 95th percentile over the pixels of a picture"
    ),
    "delta_e94": (
        "CIE94, graphic arts (K1 = 0.045, K2 = 0.015), weighted by the chroma of the "
        "original, mean over the pixels of a picture"
    ),
    "delta_e76": "Euclidean distance in CIELAB (D65), mean over the pixels of a picture",
    "within_jnd": "share of pixels, 0 to 1, whose ΔE*ab is under 2.3",
    "colorfulness": (
        "colorfulness of the result (Hasler and Süsstrunk 2003), mean over pictures; the "
        "number after 'of' is the mean of the originals, and the absolute difference of "
        "the two means is the set-level ΔCF"
    ),
    "colorfulness_error": (
        "ΔCF by picture: mean over pictures of |CF of the result − CF of the original|; "
        "the other ΔCF in use, set-level, is |mean CF of the results − mean CF of the "
        "originals| and never larger"
    ),
    "chroma_ratio": (
        "mean C*ab of the result over that of the original, by picture; 1 means equal chroma"
    ),
    "psnr": (
        "10 log₁₀(255² / MSE) dB, MSE over R, G and B together, peak 255; 100 for "
        "identical pictures; mean over pictures"
    ),
    "psnr_ab": (
        "10 log₁₀(255² / MSE) dB, MSE over a* and b* together, peak 255 (a peak of 220 "
        "gives 1.28 dB less); 100 for identical pictures; mean over pictures"
    ),
    "ssim": (
        "Gaussian window 11 × 11, σ 1.5, K1 = 0.01, K2 = 0.03, range 255, borders of 5 "
        "pixels left out, mean over R, G and B"
    ),
    "mse": "squared difference of 8-bit levels, mean over pixels and over R, G and B",
    "mae": "absolute difference of 8-bit levels, mean over pixels and over R, G and B",
    "ab_rmse": (
        "root of the mean over pixels of (Δa*)² + (Δb*)², in CIELAB units: √2 times the "
        "RMSE per channel"
    ),
    "ab_auc": (
        "area under the share of pixels whose a*b* error is within 0, 1, …, 150, over "
        "150; pixels are not weighted by how rare their color is"
    ),
    "ab_auc_rebalanced": (
        "ab-AUC with each pixel weighted by 1 / p, where p is the probability of the color class "
        "(10 × 10 cell of a*b*, smoothed with σ = 5) of the original's pixel, counted from 21,133 "
        "training pictures; weights sum to 1 over each picture; a prior other than that of Zhang "
        "2016, so not comparable with published values"
    ),
    "mean_chrominance_mse": (
        "squared error of the picture's mean a* and mean b* (as a* + 128 in 0..255), over"
        " 255², mean of the two"
    ),
    "frechet_alexnet": (
        "Fréchet distance between originals and results, by mean and covariance of 256 features of "
        "the AlexNet of LPIPS (fifth map, mean over positions, times 10), at the pictures' own "
        "size; not FID, and not comparable with it; it depends on the number of pictures"
    ),
    "fid": (
        "Fréchet distance between originals and results, by mean and covariance (N − 1) of the "
        "2,048 features of the Inception v3 of 2015, pictures resized to 299 × 299 bilinearly "
        "without antialiasing, as pytorch-fid does; it depends on the number of pictures"
    ),
    "kid": (
        "unbiased squared maximum mean discrepancy between originals and results with the kernel "
        "(x·y / 2048 + 1)³, of the features of FID, over all pairs of at most 10,000 pictures"
    ),
    "flicker": (
        "mean over pixels and steps of √(Δa*² + Δb*²) from one frame to the next, along "
        "the motion of the original's L*, before rounding; compare it with the value of "
        "the original, after 'of'"
    ),
}
