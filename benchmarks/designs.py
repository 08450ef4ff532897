"""Network time of designs of effnet_bins in plain ONNX Runtime, beside the design that ships.

    python benchmarks/designs.py [DECODER:CONTEXT ...]

DECODER and CONTEXT are those of ``colortk fit -p effnet_bins --option``. Each network has random
32-bit weights, one thread, and an input of 256 x 352. The time is CPU time, the minimum of several
runs in turns, so that other work on the machine has little effect.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import onnxruntime

from colortk.training.onnx.graph import to_onnx
from colortk_plugins.effnet_bins.network import effnet_bins
from colortk_plugins.effnet_bins.training import Training

DESIGNS = ("192-128-96:0", "192-128-96:2", "256-128-64:1", "256-128-64:2", "256-160-64:2")
TURNS = 8


def session(design: str) -> tuple[onnxruntime.InferenceSession, int]:
    """Return a session of the design, and its number of parameters."""
    decoder, _, context = design.partition(":")
    options = Training(decoder=decoder, context=int(context))
    network = effnet_bins(decoder=options.filters, context=options.context)
    single = onnxruntime.SessionOptions()
    single.intra_op_num_threads = 1
    content = to_onnx(network, half=False)
    return onnxruntime.InferenceSession(content, single), network.count_params()


def main(designs: list[str]) -> None:
    """Print a line for each design."""
    sessions = {design: session(design) for design in designs}
    picture = np.random.default_rng(0).normal(size=(1, 1, 256, 352)).astype(np.float32)
    seconds: dict[str, list[float]] = {design: [] for design in designs}
    for _ in range(TURNS):
        for design, (network, _) in sessions.items():
            started = time.process_time()
            network.run(None, {"input": picture})
            seconds[design].append(time.process_time() - started)
    first = min(seconds[designs[0]])
    for design, (_, parameters) in sessions.items():
        least = min(seconds[design])
        print(f"{design}: {parameters:,} parameters, {1e3 * least:.1f} ms, {least / first:.2f}")


if __name__ == "__main__":
    main(sys.argv[1:] or list(DESIGNS))
