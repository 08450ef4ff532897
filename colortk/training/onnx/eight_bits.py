"""Quantize a network to 8-bit weights and activations: a quarter of the size, and faster.

Batch normalization is folded into the convolutions, kernels get a scale for each filter, and the
range of the activations is measured on pictures. The first convolution, whose input is lightness,
and the last, whose output is the prediction, keep 32 bits.

On processors with AVX2 and without VNNI, the sum of two 8-bit products can overflow the 16-bit
accumulator of ONNX Runtime and is clipped. Kernels of 7 bits avoid this; measured, they were worse
on all processors.

References
----------
Jacob et al. (2018), "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", CVPR.
"""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from colortk.types import Float32

#: Operators that compute with 8 bits; all others compute with 32.
QUANTIZED_OPERATORS = ["Conv", "Add", "Concat", "Relu", "Clip", "MaxPool", "GlobalAveragePool"]


def quantize(content: bytes, pictures: Iterable[Float32], exact: Sequence[str] = ()) -> bytes:
    """Return a network with 8-bit weights and activations.

    Parameters
    ----------
    content : bytes
        ONNX file from :func:`colortk.training.onnx.graph.to_onnx` with 32-bit weights.
    pictures : iterable of ndarray
        Typical inputs, float32 (N, H, W, C).
    exact : sequence of str
        Convolutions whose names begin with one of these keep 32 bits.

    Returns
    -------
    bytes
        ONNX file. Weights keep their names, so that
        :func:`colortk.runtime.keras_weights.weights_in` can read them.
    """
    from onnxruntime import quantization
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.rest = iter(pictures)

        def get_next(self) -> dict[str, Float32] | None:
            picture = next(self.rest, None)
            return None if picture is None else {"input": np.moveaxis(picture, -1, 1).copy()}

    model = fold_batch_normalization(onnx.load_model_from_string(content))
    convolutions = [node.name for node in model.graph.node if node.op_type == "Conv"]
    with tempfile.TemporaryDirectory() as folder, _silent_logging():
        before, after = Path(folder, "before.onnx"), Path(folder, "after.onnx")
        onnx.save(onnx.shape_inference.infer_shapes(model), str(before))
        quantization.quantize_static(
            str(before),
            str(after),
            Reader(),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=QUANTIZED_OPERATORS,
            nodes_to_exclude=[
                name
                for name in convolutions
                if name in (convolutions[0], convolutions[-1]) or name.startswith(tuple(exact))
            ],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        model = onnx.load(str(after))
    model.producer_name, model.producer_version = "colortk", ""
    del model.graph.value_info[:]
    onnx.checker.check_model(model, full_check=True)
    serialized: bytes = model.SerializeToString(deterministic=True)
    return serialized


def fold_batch_normalization(model: Any) -> Any:
    """Fold every batch normalization of ``model`` into the convolution before it.

    The kernel keeps its name, and the new bias gets the name of the normalization's beta.
    Convolutions that have a bias already, or whose output has several uses, are not changed.

    Parameters
    ----------
    model : onnx.ModelProto
        Changed in place.

    Returns
    -------
    onnx.ModelProto
        The same model.
    """
    graph = model.graph
    weights = {item.name: onnx.numpy_helper.to_array(item) for item in graph.initializer}
    made_by = {name: node for node in graph.node for name in node.output}
    uses = [name for node in graph.node for name in node.input]
    for node in [node for node in graph.node if node.op_type == "BatchNormalization"]:
        before = made_by.get(node.input[0])
        if before is None or before.op_type != "Conv" or len(before.input) != 2:
            continue
        if uses.count(before.output[0]) != 1:
            continue
        gamma, beta, mean, variance = (weights.pop(name) for name in node.input[1:])
        (epsilon,) = (item.f for item in node.attribute if item.name == "epsilon")
        gain = gamma / np.sqrt(variance + epsilon)
        kernel = before.input[1]
        weights[kernel] = weights[kernel] * gain[:, None, None, None]
        weights[node.input[2]] = beta - mean * gain
        before.input.append(node.input[2])
        before.output[0] = node.output[0]
        graph.node.remove(node)
    del graph.initializer[:]
    graph.initializer.extend(
        onnx.numpy_helper.from_array(np.asarray(array, np.float32), name)
        if array.dtype.kind == "f"
        else onnx.numpy_helper.from_array(array, name)
        for name, array in weights.items()
    )
    return model


@contextlib.contextmanager
def _silent_logging() -> Iterator[None]:
    """Silence the advice to pre-process: :func:`fold_batch_normalization` does so already."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
