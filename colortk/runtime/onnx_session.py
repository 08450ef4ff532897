"""Sessions of ONNX Runtime: one for each file, process, number of threads and providers."""

from __future__ import annotations

import contextlib
import os
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from colortk.errors import ArtifactError, out_of_memory
from colortk.runtime.gpu_providers import LABELS, PROVIDERS
from colortk.runtime.processor import sums_of_8_bits_may_overflow
from colortk.store import onnx_file

CPU = "CPUExecutionProvider"


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
def session(
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
    if PROVIDERS["directml"] in providers:
        options.enable_mem_pattern = False  # DirectML requires this
    try:
        if isinstance(content, NetworkFile):
            onnx_file.check_file(content.path)
        else:
            onnx_file.check(content)  # before Keras reads the file as well
        model = content if isinstance(content, bytes) else str(content.path)
        with contextlib.redirect_stdout(None):  # a provider that fails prints advice
            made = onnxruntime.InferenceSession(model, options, providers=list(providers))
        made.disable_fallback()  # it would continue slowly and print to stdout
    except MemoryError:
        raise
    except Exception as error:
        if out_of_memory(error):
            raise MemoryError("the network cannot be loaded") from error
        raise ArtifactError(
            "the network cannot be loaded",
            error_text(error),
            "reinstall the plugin or train it again",
        ) from error
    return made


def working_session(
    content: bytes | NetworkFile,
    threads: int,
    names: tuple[str, ...],
    notes: list[str],
    needs_gpu: bool = False,
) -> tuple[Any, str]:
    """Return a session of the first GPU provider that works, or of the processor.

    Parameters
    ----------
    content, threads
        As for :func:`session`.
    names : tuple of str
        Keys of :data:`colortk.runtime.gpu_providers.PROVIDERS`, in order.
    notes : list of str
        Gets a line for each provider that does not work.
    needs_gpu : bool
        Raise ``MemoryError`` if a GPU has no memory left, as when other programs use it.

    Returns
    -------
    session : onnxruntime.InferenceSession
        The session.
    name : str
        The provider; "cpu" for the processor.
    """
    for name in names:
        reason = "it gave the network back to the processor"
        try:
            made = session(os.getpid(), content, threads, (PROVIDERS[name], CPU))
        except ArtifactError as error:  # or the file is damaged: then the processor fails, too
            reason = error.reason
        except MemoryError:
            if needs_gpu:
                raise
            reason = "there is not enough memory"
        else:
            if PROVIDERS[name] in made.get_providers():
                return made, name
        notes.append(f"ONNX Runtime has the {LABELS[name]} provider, which does not work: {reason}")
    return session(os.getpid(), content, threads, (CPU,)), "cpu"


def error_text(error: Exception) -> str:
    """Return the kind of an error and its message, on one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
