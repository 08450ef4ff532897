"""Plain ONNX Runtime at its best settings: the fastest that compute the network correctly.

    python benchmarks/best_session.py [--plugin NAME] [--threads N] [--rounds 30]

prints the time of each setting and of the plugin in colortk as a ratio to the fastest setting. Each
round runs all of them once, so that other work on the machine slows all of them. A setting that
changes the output by more than rounding is left out: without VNNI, ``x64quantprecision=0`` clips
sums of 8-bit products. ``--cpu`` counts the time of the processor instead of the clock.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np

#: Largest mean difference of outputs as a share of their range. Rounding in an 8-bit network, which
#: each level of optimization fuses differently, is 0.001; clipped sums of `effnet_bins` are 0.004.
TOLERANCE = 2e-3
GRAPHS = ("ORT_ENABLE_BASIC", "ORT_ENABLE_EXTENDED", "ORT_ENABLE_ALL")


@dataclass(frozen=True)
class Setting:
    """Options of a session.

    Parameters
    ----------
    graph : str
        Name of the level of graph optimizations.
    spinning : bool
        Threads spin while they wait.
    precise : bool
        Products of 8 bits are summed without clipping (``x64quantprecision``).
    """

    graph: str = "ORT_ENABLE_ALL"
    spinning: bool = True
    precise: bool = False

    def __str__(self) -> str:
        graph = self.graph.removeprefix("ORT_ENABLE_").lower()
        return f"graph={graph}, spinning={self.spinning:d}, x64quantprecision={self.precise:d}"

    def session(self, content: Any, threads: int, providers: Sequence[str]) -> Any:
        """Return a session of the network ``content``: its bytes or its path."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, self.graph)
        options.add_session_config_entry("session.intra_op.allow_spinning", str(int(self.spinning)))
        if self.precise:
            options.add_session_config_entry("session.x64quantprecision", "1")
        options.log_severity_level = 4
        return onnxruntime.InferenceSession(content, options, providers=list(providers))


SETTINGS = [Setting(*values) for values in product(GRAPHS[1:], (True, False), (False, True))]


@dataclass(frozen=True)
class Best:
    """The fastest setting, and the seconds of each setting that computes the network correctly."""

    setting: Setting
    session: Any
    seconds: dict[Setting, float]
    wrong: dict[Setting, float]


def best_session(
    content: Any,
    feed: dict[str, np.ndarray],
    threads: int,
    providers: Sequence[str],
    rounds: int = 5,
    settings: Sequence[Setting] = SETTINGS,
    clock: Callable[[], float] = time.perf_counter,
) -> Best:
    """Return the fastest session of a network.

    Parameters
    ----------
    content : bytes or str
        The network, or its path.
    feed : dict of str to ndarray
        Its inputs, for the measurement.
    threads : int
        Threads of an operator.
    providers : sequence of str
        Execution providers.
    rounds : int
        Each setting is run so often, in turn with the others; the fastest run counts.
    settings : sequence of Setting
        The settings to try.
    clock : callable
        Returns seconds.
    """
    # Neither operators of 8 bits that are fused differently nor clipped sums.
    exact = Setting("ORT_ENABLE_BASIC", precise=True).session(content, threads, providers)
    expected = exact.run(None, feed)
    sessions = {setting: setting.session(content, threads, providers) for setting in settings}
    wrong = {}
    for setting, session in list(sessions.items()):
        difference = max(map(_difference, session.run(None, feed), expected))  # it warms up, too
        if difference > TOLERANCE:
            wrong[setting] = difference
            del sessions[setting]
    calls = {s: partial(session.run, None, feed) for s, session in sessions.items()}
    seconds = timed(calls, rounds, clock)
    best = min(seconds, key=lambda setting: seconds[setting])
    return Best(best, sessions[best], seconds, wrong)


def timed(
    calls: dict[Any, Callable[[], Any]], rounds: int, clock: Callable[[], float]
) -> dict[Any, float]:
    """Return the shortest time of each call, which are run in turn."""
    seconds = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, call in calls.items():
            start = clock()
            call()
            seconds[name] = min(seconds[name], clock() - start)
    return seconds


def _difference(values: np.ndarray, expected: np.ndarray) -> float:
    span = float(np.ptp(expected)) or 1.0
    return float(np.abs(values.astype(np.float64) - expected).mean()) / span


def main() -> None:
    from codec_and_network import listening
    from colortk.runtime.loading import PluginRequest, load
    from colortk.runtime.subprocesses import threads
    from measurement import default_plugin

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plugin", "-p", default=default_plugin())
    parser.add_argument("--threads", type=int, default=threads())
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--cpu", action="store_true", help="count the time of the processor")
    arguments = parser.parse_args()
    clock = time.process_time if arguments.cpu else time.perf_counter
    rng = np.random.default_rng(0)
    light = np.clip(np.cumsum(rng.normal(0, 2, (256, 352)), 1) + 50, 0, 100).astype(np.float32)
    with listening() as heard:
        plugin = load(PluginRequest(arguments.plugin))
        plugin.predict(light)
    if not heard.asked:
        raise SystemExit(f"best_session.py: '{arguments.plugin}' runs no network")
    number, x = heard.asked[0]
    content, providers = heard.networks[number]
    name = onnx_input(content)
    best = best_session(content, {name: x}, arguments.threads, providers, 3)
    calls: dict[Any, Callable[[], Any]] = {}
    for setting in best.seconds:
        session = setting.session(content, arguments.threads, providers)
        calls[setting] = partial(session.run, None, {name: x})
    calls["colortk"] = lambda: plugin.predict(light)
    for call in calls.values():
        call()
    seconds = timed(calls, arguments.rounds, clock)
    fastest = min(value for key, value in seconds.items() if key != "colortk")
    for key, value in sorted(seconds.items(), key=lambda item: item[1]):
        print(f"{1000 * value:8.2f} ms  {value / fastest:5.2f}  {key}")
    for setting, difference in best.wrong.items():
        print(f"   wrong by {difference:.3f} of the range: {setting}")


def onnx_input(content: Any) -> str:
    """Return the name of the first input of a network."""
    session = Setting("ORT_ENABLE_BASIC").session(content, 1, ["CPUExecutionProvider"])
    name: str = session.get_inputs()[0].name
    return name


if __name__ == "__main__":
    main()
