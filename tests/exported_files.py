"""Files of ``colortk export``, as tests run and compare them."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from colortk.io.samples import photographs
from colortk.runtime.picture_graph.builder import GraphBuilder


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


def evaluated(graph: GraphBuilder, inputs: dict[str, np.ndarray], results: list[Any]) -> Any:
    """Return the results of the operators of ``graph``, by ONNX Runtime."""
    from onnx import helper

    kinds = {name: helper.np_dtype_to_tensor_dtype(value.dtype) for name, value in inputs.items()}
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "test",
            [helper.make_tensor_value_info(name, kind, None) for name, kind in kinds.items()],
            [
                helper.make_tensor_value_info(
                    value.name, helper.np_dtype_to_tensor_dtype(np.dtype(value.dtype)), None
                )
                for value in results
            ],
            graph.tensors,
        ),
        ir_version=8,
        opset_imports=[helper.make_opsetid("", 17)],
    )
    return session(model.SerializeToString()).run(None, inputs)
