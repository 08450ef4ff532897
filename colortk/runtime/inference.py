"""Run trained networks: ONNX Runtime on the CPU or a GPU, or Keras on its GPU.

The environment variable ``COLORTK_DEVICE`` chooses the device. ``auto``, the default, uses a GPU
provider of ONNX Runtime if one works, else the CPU. It does not look for a GPU through Keras: that
would import TensorFlow, which takes longer than most pictures. ``gpu`` uses a provider, else the
GPU of Keras' backend with the weights of the same file, else raises an error. ``cpu`` uses the
CPU. ``COLORTK_PROVIDERS`` says which providers are tried, see
:mod:`colortk.runtime.gpu_providers`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from colortk.errors import ColortkError, PredictionError, UsageError, out_of_memory
from colortk.runtime import device_notes, gpu_use, keras_gpu, onnx_session
from colortk.runtime.gpu_providers import LABELS, PROVIDERS, requested_providers
from colortk.runtime.onnx_session import error_text
from colortk.runtime.subprocesses import threads
from colortk.store.onnx_file import with_outputs
from colortk.types import Float32

DEVICES = ("auto", "cpu", "gpu")
#: Types of inputs that arrays are converted to; published files may have 16-bit inputs.
_TYPES: dict[str, type[np.floating[Any]]] = {
    "tensor(float16)": np.float16, "tensor(double)": np.float64,
}  # fmt: skip


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
        their channels first.
    network : str, optional
        ``"package.module:callable"`` of the function that builds the Keras network which the file
        was exported from. It is used on a GPU that ONNX Runtime cannot use.
    device : str, optional
        "auto", "cpu" or "gpu". By default the environment variable ``COLORTK_DEVICE`` decides.
    features : sequence of str, optional
        Names of tensors inside the network that become further outputs, such as features of its
        encoder. Only ONNX Runtime offers them. ONNX Runtime computes all outputs of a file at each
        run, and leaves out what no output needs: name here what is only needed now and then.

    Attributes
    ----------
    engine : str
        The library that runs the network: "onnxruntime cpu", "onnxruntime cuda", "onnxruntime
        directml", "onnxruntime coreml" or "keras BACKEND".

    Raises
    ------
    ArtifactError
        If the file is not a network, or has no tensor of a name in ``features``.
    UsageError
        If there is no GPU, or no device of that name.

    Examples
    --------
    >>> network = OnnxNetwork(artifacts.read("network.onnx"))  # doctest: +SKIP
    >>> network.predict(np.zeros((1, 256, 256, 1), np.float32)).shape  # doctest: +SKIP
    (1, 256, 256, 2)
    """

    def __init__(
        self,
        content: bytes | Path,
        network: str = "",
        device: str = "",
        features: Sequence[str] = (),
    ) -> None:
        if features:
            content = content if isinstance(content, bytes) else content.read_bytes()
            content = with_outputs(content, features)
        self._content = (
            content if isinstance(content, bytes) else onnx_session.network_file(content)
        )
        self._keras: Callable[[Float32], Any] | None = None
        device = device or requested_device()
        notes: list[str] = []
        names = requested_providers(device)
        _, self._provider = onnx_session.working_session(
            self._content, threads(), names, notes, needs_gpu=device == "gpu"
        )
        if device == "gpu" and self._provider == "cpu":
            data = content if isinstance(content, bytes) else content.read_bytes()
            self.engine, self._keras = keras_gpu.predictor_on_gpu(data, network)
            gpu_use.count_network()
            return
        self.engine = f"onnxruntime {self._provider}"
        if self._provider != "cpu":
            gpu_use.count_network()
            notes.append(f"networks run on {LABELS[self._provider]} (ONNX Runtime)")
        elif notes:
            notes.append("networks run on the processor; --device cpu hides this")
        device_notes.add("; ".join(notes))

    def predict(self, x: Float32) -> Float32:
        """Run a network of one input on a batch, and return its first output.

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
            If the network has several inputs or fails, also for lack of memory.
        """
        if len(self.input_names) != 1:
            raise PredictionError(
                f"the network has {len(self.input_names)} inputs", ", ".join(self.input_names),
                "give all of them by name to OnnxNetwork.run",
            )  # fmt: skip
        first = self.output_names[0]
        return self.run({self.input_names[0]: x}, (first,))[first]

    def run(self, inputs: Mapping[str, Float32], outputs: Sequence[str] = ()) -> dict[str, Float32]:
        """Run the network on named inputs.

        Parameters
        ----------
        inputs : mapping of str to float32 array
            All inputs by name. Arrays of four dimensions are (N, H, W, C), others are passed as
            they are.
        outputs : sequence of str, optional
            Names of the outputs that are returned; all by default.

        Returns
        -------
        dict of str to float32 array
            The outputs by name. Arrays of four dimensions are (N, h, w, c).

        Raises
        ------
        PredictionError
            If a name is unknown or missing, or the network fails, also for lack of memory.
        """
        outputs = outputs or self.output_names
        for kind, given, known in (
            ("input", inputs, self.input_names), ("output", outputs, self.output_names),
        ):  # fmt: skip
            if unknown := [name for name in given if name not in known]:
                raise PredictionError(
                    f"the network has no {kind} '{unknown[0]}'", f"it has {', '.join(known)}"
                )
        if missing := [name for name in self.input_names if name not in inputs]:
            raise PredictionError(f"the network also needs the input '{missing[0]}'")
        try:
            if self._keras is not None:
                return {outputs[0]: np.asarray(self._keras(*inputs.values()), np.float32)}
            return self._run(inputs, outputs)
        except (MemoryError, ColortkError):
            raise
        except Exception as error:  # ONNX Runtime and each backend have their own exceptions
            raise _failure(error, next(iter(inputs.values())), self.engine) from error

    @property
    def input_names(self) -> tuple[str, ...]:
        """Names of the inputs, in the order of the file."""
        return tuple(node.name for node in self._session().get_inputs())

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the outputs, in the order of the file. Keras computes only the first one."""
        names = tuple(node.name for node in self._session().get_outputs())
        return names if self._keras is None else names[:1]

    @property
    def content(self) -> bytes:
        """The ONNX file."""
        content = self._content
        return content if isinstance(content, bytes) else content.path.read_bytes()

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """Shape of the first input, in the order of the file; ``None`` where a size is open."""
        return _sizes(self._session().get_inputs()[0])

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        """Shape of the first output, as :attr:`input_shape`."""
        return _sizes(self._session().get_outputs()[0])

    def with_features(self, names: Sequence[str]) -> OnnxNetwork:
        """Return the same network, on the same device, with tensors inside it as outputs."""
        device = "cpu" if self._provider == "cpu" else "gpu"
        return OnnxNetwork(self.content, device=device, features=names)

    def _run(self, inputs: Mapping[str, Float32], outputs: Sequence[str]) -> dict[str, Float32]:
        session = self._session()
        feeds = {
            node.name: _channels_first(inputs[node.name]).astype(
                _TYPES.get(node.type, np.float32), copy=False
            )
            for node in session.get_inputs()
        }
        results = session.run(list(outputs), feeds)
        return {
            name: np.moveaxis(y, 1, -1) if y.ndim == 4 else y
            for name, y in zip(outputs, (np.asarray(y, np.float32) for y in results), strict=True)
        }

    def _session(self) -> Any:
        # The session is not stored here: a forked process needs its own session.
        gpu = () if self._provider == "cpu" else (PROVIDERS[self._provider],)
        return onnx_session.session(os.getpid(), self._content, threads(), (*gpu, onnx_session.CPU))


def _sizes(tensor: Any) -> tuple[int | None, ...]:
    return tuple(n if isinstance(n, int) and n > 0 else None for n in tensor.shape)


def _channels_first(x: Float32) -> Float32:
    return np.ascontiguousarray(np.moveaxis(x, -1, 1) if x.ndim == 4 else x, np.float32)


def _failure(error: Exception, x: Float32, engine: str) -> PredictionError:
    text = error_text(error)
    problem = f"the network failed on an input of {' × '.join(map(str, x.shape))} ({engine})"
    if out_of_memory(error):
        hint = "use fewer --jobs, or another --device"
        return PredictionError(problem, "there is not enough memory", hint)
    return PredictionError(problem, text)
