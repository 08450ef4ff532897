"""Files of ``colortk export``, as tests run and compare them."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from colortk.io.samples import photographs


def session(content: bytes) -> Any:
    """Load a file, which then runs on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def outputs(content: Any, picture: np.ndarray, **more: Any) -> np.ndarray:
    """Return the picture that a file, or a session of it, makes of a picture."""
    engine = content if hasattr(content, "run") else session(content)
    (result,) = engine.run(None, {"picture": picture, **more})
    assert result.dtype == np.uint8
    assert result.shape == (*picture.shape[:2], 3)
    return np.asarray(result)


def photograph(height: int, width: int) -> np.ndarray:
    """Return a photograph of this size."""
    path = next(iter(photographs().values()))
    picture = cv2.imread(str(path))[..., ::-1]
    return np.ascontiguousarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA))


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Return the mean CIEDE2000, by scikit-image."""
    from skimage import color

    return float(color.deltaE_ciede2000(color.rgb2lab(one), color.rgb2lab(other)).mean())
