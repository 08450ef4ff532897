"""Run trained networks: ONNX Runtime on the CPU or with CUDA, or Keras on its GPU.

The environment variable ``COLORTK_DEVICE`` chooses the device. ``auto``, the default, uses ONNX
Runtime's CUDA provider if it works, else the CPU. It does not look for a GPU through Keras: that
would import TensorFlow, which takes longer than most pictures. ``gpu`` uses the CUDA provider, else
the GPU of Keras' backend with the weights of the same file, else raises an error. ``cpu`` uses the
CPU.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from colortk.errors import ArtifactError, ColortkError, PredictionError, UsageError, out_of_memory
from colortk.plugin.spec import load_callable
from colortk.runtime.processor import sums_of_8_bits_may_overflow
from colortk.runtime.subprocesses import threads
from colortk.store import onnx_file
from colortk.types import Float32

CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
DEVICES = ("auto", "cpu", "gpu")


def requested_device() -> str:
    """Return the device that ``COLORTK_DEVICE`` names, "auto" if it is not set.

    Raises
    ------
    UsageError
        If it is none of :data:`DEVICES`.
    """
    name = os.environ.get("COLORTK_DEVICE") or "auto"
    if name not in DEVICES:
        raise UsageError(f"COLORTK_DEVICE={name}", f"it must be one of {', '.join(DEVICES)}")
    return name


class OnnxNetwork:
    """A trained network in an ONNX file.

    Parameters
    ----------
    content : bytes or Path
        The ONNX file, or its path: a large file is then not in memory as a whole. Its tensors have
        their channels first, and it has one input and one output.
    network : str, optional
        ``"package.module:callable"`` of the function that builds the Keras network which the file
        was exported from. It is used on a GPU that ONNX Runtime cannot use.
    device : str, optional
        "auto", "cpu" or "gpu". By default the environment variable ``COLORTK_DEVICE`` decides.

    Attributes
    ----------
    engine : str
        The library that runs the network: "onnxruntime cpu", "onnxruntime cuda" or "keras BACKEND".

    Raises
    ------
    ArtifactError
        If the file is not a network.
    UsageError
        If there is no GPU, or no device of that name.

    Examples
    --------
    >>> network = OnnxNetwork(artifacts.read("network.onnx"))  # doctest: +SKIP
    >>> network.predict(np.zeros((1, 256, 256, 1), np.float32)).shape  # doctest: +SKIP
    (1, 256, 256, 2)
    """

    def __init__(self, content: bytes | Path, network: str = "", device: str = "") -> None:
        self._content = content if isinstance(content, bytes) else network_file(content)
        self._predict: Callable[[Float32], Any]
        device = device or requested_device()
        self._providers: tuple[str, ...] = (CPU,)
        if device != "cpu" and _cuda():
            self._providers = (CUDA, CPU)
        providers_used = self._session().get_providers()
        if device == "gpu" and CUDA not in providers_used:
            data = content if isinstance(content, bytes) else content.read_bytes()
            self.engine, self._predict = _on_gpu_of_keras(data, network)
        else:
            self.engine = "onnxruntime cuda" if CUDA in providers_used else "onnxruntime cpu"
            self._predict = self._run

    def predict(self, x: Float32) -> Float32:
        """Run the network on a batch.

        Parameters
        ----------
        x : float32 array of shape (N, H, W, C)
            The batch, channels last.

        Returns
        -------
        float32 array of shape (N, h, w, c)
            The output. In memory its channels come first: reordering hundreds of channels takes
            longer than computing with this order.

        Raises
        ------
        PredictionError
            If the network fails, also for lack of memory.
        """
        try:
            y = self._predict(x)
        except (MemoryError, ColortkError):
            raise
        except Exception as error:  # ONNX Runtime and each backend have their own exceptions
            raise _failure(error, x, self.engine) from error
        return np.asarray(y, np.float32)

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """Shape of the file's input, in the order of the file; ``None`` where a size is open."""
        shape = self._session().get_inputs()[0].shape
        return tuple(n if isinstance(n, int) and n > 0 else None for n in shape)

    def _run(self, x: Float32) -> Any:
        session = self._session()
        batch = np.ascontiguousarray(np.moveaxis(x, -1, 1), np.float32)
        (y,) = session.run(None, {session.get_inputs()[0].name: batch})
        return np.moveaxis(y, 1, -1)

    def _session(self) -> Any:
        # The session is not stored here: a forked process needs its own session.
        return _session(os.getpid(), self._content, threads(), self._providers)


class NetworkFile(NamedTuple):
    """An ONNX file by path; size and time tell one content from another."""

    path: Path
    size: int
    mtime: int


def network_file(path: Path) -> NetworkFile:
    """Return the identity of the ONNX file ``path``. Raises ``ArtifactError`` if it is missing."""
    try:
        status = path.stat()
    except OSError as error:
        raise ArtifactError(
            f"cannot read the network '{path}'", error.strerror or str(error)
        ) from error
    return NetworkFile(path.absolute(), status.st_size, status.st_mtime_ns)


@cache
def _session(
    process: int, content: bytes | NetworkFile, threads: int, providers: tuple[str, ...]
) -> Any:
    """Return the session of a file in a process: its threads do not survive a fork."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    # Threads that spin while they wait save under 1 ms per picture and occupy a core meanwhile.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if sums_of_8_bits_may_overflow():
        options.add_session_config_entry("session.x64quantprecision", "1")
    options.log_severity_level = 4
    try:
        if isinstance(content, NetworkFile):
            onnx_file.check_file(content.path)
        else:
            onnx_file.check(content)  # before Keras reads the file as well
        model = content if isinstance(content, bytes) else str(content.path)
        with contextlib.redirect_stdout(None):  # a provider that fails prints advice
            session = onnxruntime.InferenceSession(model, options, providers=list(providers))
        session.disable_fallback()  # it would continue slowly and print to stdout
        if len(session.get_inputs()) != 1 or len(session.get_outputs()) != 1:
            raise ValueError("it has several inputs or outputs")
    except MemoryError:
        raise
    except Exception as error:
        if out_of_memory(error):
            raise MemoryError("the network cannot be loaded") from error
        raise ArtifactError(
            "the network cannot be loaded", _text(error), "reinstall the plugin or train it again"
        ) from error
    return session


@cache
def _cuda() -> bool:
    """Return whether ONNX Runtime has its CUDA provider. Only a session shows whether it works."""
    import onnxruntime

    if CUDA not in onnxruntime.get_available_providers():
        return False
    onnxruntime.set_default_logger_severity(4)  # it logs each library that is missing
    with contextlib.redirect_stdout(None), contextlib.suppress(Exception):
        onnxruntime.preload_dlls()  # from NVIDIA's packages, if they are installed
    return True


def _on_gpu_of_keras(content: bytes, network: str) -> tuple[str, Callable[[Float32], Any]]:
    """Return the engine's name and the function that predicts on the GPU of Keras' backend."""
    backend, reason = _backend_with_gpu() if network else ("", "the plugin has no Keras network")
    if not backend:
        raise UsageError(
            "--device gpu: no GPU found",
            f"ONNX Runtime has no working CUDA provider, and {reason}",
            "leave --device out, or install onnxruntime-gpu",
        )
    return f"keras {backend}", _keras_predictor(content, network)


def _backend_with_gpu() -> tuple[str, str]:
    """Return the name of Keras' backend if it has a GPU, else ""; and the reason if not."""
    for module in ("keras", "onnx"):
        if importlib.util.find_spec(module) is None:
            return "", f"{module} is not installed"
    # By default TensorFlow takes all memory of the GPU, so that the next process finds none.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    try:
        with silent():
            import keras

            backend = str(keras.backend.backend())
            has_gpu = _GPUS[backend]()
    except Exception as error:  # a backend that is missing or broken
        return "", f"Keras cannot be used, {_text(error)}"
    return (backend, "") if has_gpu else ("", f"Keras sees no GPU through {backend}")


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """Hide the output of a backend's native libraries to stderr while they are loaded."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # for later messages
    sys.stderr.flush()
    saved, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)


def _tensorflow() -> bool:
    import tensorflow

    return bool(tensorflow.config.list_physical_devices("GPU"))


def _torch() -> bool:
    import torch

    return bool(torch.cuda.is_available())


def _jax() -> bool:
    import jax

    return any(device.platform == "gpu" for device in jax.devices())


_GPUS: dict[str, Callable[[], bool]] = {"tensorflow": _tensorflow, "torch": _torch, "jax": _jax}


def _keras_predictor(content: bytes, network: str) -> Callable[[Float32], Any]:
    """Return the function that predicts with Keras: ``network`` with the weights of ``content``.

    Raises ``ArtifactError`` if the file lacks weights of the network, or has weights of layers that
    the network does not have.
    """
    from colortk.runtime.keras_weights import restore, weights_in

    model = load_callable(network)()
    restored = restore(model, content)
    missing = len(model.weights) - len(restored)
    if missing:
        raise ArtifactError(
            f"the file is not of the network {network}", f"it lacks {missing} of its weights"
        )
    kernels = {name for name in weights_in(content) if name.endswith("/kernel")}
    if unknown := sorted(kernels.difference(restored)):
        raise ArtifactError(
            f"the file is not of the network {network}",
            f"the network has no '{unknown[0]}'",
            "use --device cpu for weights of another network",
        )
    predict: Callable[[Float32], Any] = model.predict_on_batch
    return predict


def _failure(error: Exception, x: Float32, engine: str) -> PredictionError:
    text = _text(error)
    problem = f"the network failed on an input of {' × '.join(map(str, x.shape))} ({engine})"
    if out_of_memory(error):
        hint = "use fewer --jobs, or another --device"
        return PredictionError(problem, "there is not enough memory", hint)
    return PredictionError(problem, text)


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
