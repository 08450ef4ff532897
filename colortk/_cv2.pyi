"""Types of the parts of OpenCV that colortk uses. Only type checkers read this file.

OpenCV's own stubs differ between releases and give most results the type of any matrix.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

__version__: str

_T = TypeVar("_T", bound=np.generic)
_Any = NDArray[Any]
_Float32 = NDArray[np.float32]
_UInt8 = NDArray[np.uint8]
_Number = float | np.floating[Any]
_Size = tuple[int, int]

class error(Exception): ...

BORDER_CONSTANT: int
BORDER_REFLECT: int
BORDER_REPLICATE: int
CAP_PROP_FPS: int
COLORMAP_INFERNO: int
COLOR_BGR2YUV_I420: int
COLOR_LAB2LRGB: int
COLOR_LAB2RGB: int
COLOR_RGB2GRAY: int
COLOR_YUV2BGR_I420: int
CV_16S: int
CV_16U: int
CV_32F: int
DISOPTICAL_FLOW_PRESET_FAST: int
DISOPTICAL_FLOW_PRESET_MEDIUM: int
FONT_HERSHEY_SIMPLEX: int
IMREAD_GRAYSCALE: int
IMREAD_UNCHANGED: int
IMWRITE_JPEG_QUALITY: int
INTER_AREA: int
INTER_CUBIC: int
INTER_LINEAR: int
INTER_NEAREST: int
LINE_AA: int
MORPH_ELLIPSE: int
MORPH_OPEN: int
NORM_INF: int
NORM_L1: int
NORM_L2SQR: int
THRESH_TRUNC: int
WINDOW_KEEPRATIO: int
WINDOW_NORMAL: int
WND_PROP_VISIBLE: int

class DISOpticalFlow:
    def calc(self, I0: _UInt8, I1: _UInt8, flow: _Float32 | None) -> _Float32: ...
    def setUseSpatialPropagation(self, val: bool) -> None: ...

class VideoCapture:
    def __init__(self, index: int | str) -> None: ...
    def isOpened(self) -> bool: ...
    def read(self) -> tuple[bool, _UInt8]: ...
    def get(self, propId: int) -> float: ...
    def release(self) -> None: ...

def DISOpticalFlow_create(preset: int) -> DISOpticalFlow: ...
def GaussianBlur(src: NDArray[_T], ksize: _Size, sigmaX: float) -> NDArray[_T]: ...
def LUT(src: _Any, lut: NDArray[_T]) -> NDArray[_T]: ...
def Sobel(src: _Any, ddepth: int, dx: int, dy: int, **options: Any) -> _Any: ...
def absdiff(src1: NDArray[_T], src2: NDArray[_T]) -> NDArray[_T]: ...
def add(
    src1: _Any, src2: Any, dst: _Any | None = None, mask: _UInt8 | None = None, dtype: int = -1
) -> _Any: ...
def addWeighted(
    src1: _Any,
    alpha: float,
    src2: _Any,
    beta: float,
    gamma: float,
    dst: _Any | None = None,
    dtype: int = -1,
) -> _Any: ...
def applyColorMap(src: _UInt8, colormap: int) -> _UInt8: ...
def blur(
    src: NDArray[_T], ksize: _Size, dst: NDArray[_T] | None = None, *, borderType: int = ...
) -> NDArray[_T]: ...
def calcHist(
    images: Sequence[_Any],
    channels: Sequence[int],
    mask: _UInt8 | None,
    histSize: Sequence[int],
    ranges: Sequence[float],
) -> _Float32: ...
def cartToPolar(
    x: _Float32,
    y: _Float32,
    magnitude: _Float32 | None = None,
    angle: _Float32 | None = None,
    angleInDegrees: bool = False,
) -> tuple[_Float32, _Float32]: ...
def circle(
    img: NDArray[_T],
    center: _Size,
    radius: int,
    color: float,
    thickness: int = 1,
    lineType: int = ...,
) -> NDArray[_T]: ...
def convertScaleAbs(
    src: _Any, dst: _UInt8 | None = None, alpha: float = 1, beta: float = 0
) -> _UInt8: ...
def cvtColor(src: NDArray[_T], code: int, dst: NDArray[_T] | None = None) -> NDArray[_T]: ...
def destroyAllWindows() -> None: ...
def getGaussianKernel(ksize: int, sigma: float, ktype: int = ...) -> _Any: ...
def getNumThreads() -> int: ...
def getStructuringElement(shape: int, ksize: _Size) -> _UInt8: ...
def getTextSize(
    text: str, fontFace: int, fontScale: float, thickness: int
) -> tuple[_Size, int]: ...
def getWindowProperty(winname: str, prop_id: int) -> float: ...
def imdecode(buf: _UInt8, flags: int) -> _Any | None: ...
def imencode(ext: str, img: _Any, params: Sequence[int] = ()) -> tuple[bool, _UInt8]: ...
def imshow(winname: str, mat: _UInt8) -> None: ...
def inRange(src: _Any, lowerb: Any, upperb: Any) -> _UInt8: ...
def line(
    img: NDArray[_T],
    pt1: _Size,
    pt2: _Size,
    color: float,
    thickness: int = 1,
    lineType: int = ...,
) -> NDArray[_T]: ...
def max(src1: NDArray[_T], src2: Any, dst: NDArray[_T] | None = None) -> NDArray[_T]: ...
def mean(src: _Any, mask: _UInt8 | None = None) -> tuple[float, float, float, float]: ...
def meanStdDev(src: _Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
def merge(mv: Sequence[NDArray[_T]]) -> NDArray[_T]: ...
def min(src1: NDArray[_T], src2: Any, dst: NDArray[_T] | None = None) -> NDArray[_T]: ...
def morphologyEx(
    src: NDArray[_T], op: int, kernel: _UInt8, borderType: int = ..., borderValue: float = ...
) -> NDArray[_T]: ...
def multiply(
    src1: _Any, src2: Any, dst: _Any | None = None, scale: float = 1, dtype: int = -1
) -> _Any: ...
def namedWindow(winname: str, flags: int = ...) -> None: ...
def norm(src1: _Any, src2: Any = ..., normType: int = ...) -> float: ...
def putText(
    img: _UInt8,
    text: str,
    org: _Size,
    fontFace: int,
    fontScale: float,
    color: int | Sequence[int],
    thickness: int = 1,
    lineType: int = ...,
) -> _UInt8: ...
def remap(
    src: NDArray[_T],
    map1: _Float32,
    map2: _Float32 | None,
    interpolation: int,
    dst: NDArray[_T] | None = None,
    borderMode: int = ...,
    borderValue: Any = ...,
) -> NDArray[_T]: ...
def resize(
    src: NDArray[_T],
    dsize: _Size,
    dst: NDArray[_T] | None = None,
    fx: float = 0,
    fy: float = 0,
    interpolation: int = ...,
) -> NDArray[_T]: ...
def sepFilter2D(src: _Any, ddepth: int, kernelX: _Any, kernelY: _Any, **options: Any) -> _Any: ...
def setNumThreads(nthreads: int) -> None: ...
def split(m: NDArray[_T]) -> Sequence[NDArray[_T]]: ...
def subtract(
    src1: _Any, src2: Any, dst: _Any | None = None, mask: _UInt8 | None = None, dtype: int = -1
) -> _Any: ...
def threshold(
    src: NDArray[_T], thresh: float, maxval: float, type: int, dst: NDArray[_T] | None = None
) -> tuple[float, NDArray[_T]]: ...
def transform(src: NDArray[_T], m: _Any, dst: NDArray[_T] | None = None) -> NDArray[_T]: ...
def waitKey(delay: int = 0) -> int: ...
