"""Options of ``onnx_model``: what the network gets and what it returns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Input = Literal["auto", "l", "l_centered", "gray_rgb", "gray_rgb_255", "gray_rgb_imagenet"]
Output = Literal["auto", "ab", "ab_scaled", "rgb", "rgb_255", "bins"]


@dataclass(frozen=True)
class Options:
    """Values "auto" are those of a published file of that name, and else the first ones.

    Parameters
    ----------
    input : str
        l: L*, 0 to 100. l_centered: L* - 50. gray_rgb: gray sRGB, 0 to 1.
        gray_rgb_255: 0 to 255. gray_rgb_imagenet: normalized with ImageNet's mean and deviation.
    output : str
        ab: a* and b*. ab_scaled: a* and b* divided by ab_scale. rgb: sRGB, 0 to 1, or rgb_255: 0 to
        255. bins: probabilities or scores of colors, which the option centers lists.
    layout : str
        nchw: channels first. nhwc: channels last.
    size : int
        32 to 2048, side of the network's input in pixels. 0: the size that the file states, or 256.
    fit : str
        squeeze: the input is a square. keep: the sides keep their ratio, and size is the short one.
    ab_scale : float
        1 to 200, a* and b* that the value 1 stands for, with output=ab_scaled.
    centers : path
        A .npy file with a* and b* of each color, (colors, 2), with output=bins.
    check : bool
        Refuse choices that do not fit the values which the network returns for a test picture.
    """

    input: Input = "auto"
    output: Output = "auto"
    layout: Literal["nchw", "nhwc"] = "nchw"
    size: int = 0
    fit: Literal["squeeze", "keep"] = "squeeze"
    ab_scale: float = 110.0
    centers: Path | None = None
    check: bool = True

    def __post_init__(self) -> None:
        if self.size and not 32 <= self.size <= 2048:
            raise ValueError(f"size={self.size}: use 0, or 32 to 2048")
        if not 1 <= self.ab_scale <= 200:
            raise ValueError(f"ab_scale={self.ab_scale}: use 1 to 200")
        if (self.output == "bins") != (self.centers is not None):
            raise ValueError("output=bins and centers=FILE need each other")


#: Input and output of published files, by file name.
PRESETS: dict[str, tuple[Input, Output]] = {
    "colorization-eccv-16.onnx": ("l", "ab"),
    "colorization-siggraph-17.onnx": ("l", "ab"),
    "ddcolor-tiny.onnx": ("gray_rgb", "ab"),
    "ddcolor.onnx": ("gray_rgb", "ab"),
    "ddcolor_artistic.onnx": ("gray_rgb", "ab"),
    "deoldify.onnx": ("gray_rgb_255", "rgb_255"),
    "deoldify_artistic.onnx": ("gray_rgb_255", "rgb_255"),
    "deoldify_stable.onnx": ("gray_rgb_255", "rgb_255"),
}
