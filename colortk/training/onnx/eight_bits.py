"""A network in 8 bits, weights and what flows between layers: a quarter of the size and less time.

After Jacob et al. (2018), "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", as ONNX Runtime does it: batch normalization goes into the
convolutions, kernels get a scale for each filter, and how far values reach is looked up on pictures.
The first convolution, whose input is lightness, and the last, whose output is the answer, stay.

On processors with AVX2 and without VNNI two products of eight bits can exceed what ONNX Runtime adds
them in, and are cut off. Of kernels with seven bits none are, and they were worse everywhere.
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

#: Kinds of layers that compute in 8 bits; others get 32 bits of what comes.
QUANTIZED_OPERATORS = ["Conv", "Add", "Concat", "Relu", "Clip", "MaxPool", "GlobalAveragePool"]


def quantize(content: bytes, pictures: Iterable[Float32], exact: Sequence[str] = ()) -> bytes:
    """``content``, of :func:`.onnx_graph.to_onnx` with 32 bits, as a network of 8 bits.

    ``pictures``: inputs, float32 (N, H, W, C) in 32 bits, of pictures as the network will see.
    ``exact``: what the names of convolutions begin with that stay as they are. Weights keep their
    names (:func:`.restore.weights_in` reads them).
    """
    from onnxruntime import quantization
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.rest = iter(pictures)

        def get_next(self) -> dict[str, Float32] | None:
            found = next(self.rest, None)
            return None if found is None else {"input": np.moveaxis(found, -1, 1).copy()}

    model = fold_batch_normalization(onnx.load_model_from_string(content))
    convolutions = [node.name for node in model.graph.node if node.op_type == "Conv"]
    with tempfile.TemporaryDirectory() as place, _silent_logging():
        before, after = Path(place, "before.onnx"), Path(place, "after.onnx")
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
    written: bytes = model.SerializeToString(deterministic=True)
    return written


def fold_batch_normalization(model: Any) -> Any:
    """``model`` with every batch normalization in the convolution before it.

    What is left is the kernel, by its name, and a shift by the name of the normalization's beta.
    Convolutions that have a bias of their own, or whose output goes elsewhere too, are left alone.
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
        (epsilon,) = (one.f for one in node.attribute if one.name == "epsilon")
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
    """Without advice about pre-processing, which :func:`folded` is."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
