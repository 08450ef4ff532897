"""Types of arrays, for annotations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: An array of any shape and type.
Array = NDArray[Any]
#: An array of any shape.
Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
UInt8 = NDArray[np.uint8]
UInt16 = NDArray[np.uint16]
#: CIE L* of a picture, 0 to 100, D65: float32 of shape (H, W).
Lightness = NDArray[np.float32]
#: CIE a* and b* of a picture, D65: float32 of shape (H, W, 2).
Chroma = NDArray[np.float32]
#: CIE L*, a* and b* of a picture, D65, each float32 of shape (H, W).
LabPlanes = tuple[Float32, Float32, Float32]
