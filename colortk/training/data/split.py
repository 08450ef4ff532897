"""Split pictures into those for training and those held out."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from colortk.errors import UsageError


@dataclass(frozen=True)
class Split:
    """Paths for training and paths held out, with weights.

    Parameters
    ----------
    train, held_out : list of Path
        The pictures.
    weights, held_out_weights : list of float
        Weights of the pictures; each list sums to 1.
    """

    train: list[Path]
    held_out: list[Path]
    weights: list[float]
    held_out_weights: list[float]

    def without(self, left_out: Collection[Path]) -> Split:
        """Return the split without the pictures ``left_out``, with weights that sum to 1 again."""

        def kept(paths: list[Path], weights: list[float]) -> tuple[list[Path], list[float]]:
            pairs = [pair for pair in zip(paths, weights, strict=True) if pair[0] not in left_out]
            total = sum(weight for _, weight in pairs) or 1.0
            return [path for path, _ in pairs], [weight / total for _, weight in pairs]

        train, weights = kept(self.train, self.weights)
        held_out, held_out_weights = kept(self.held_out, self.held_out_weights)
        return Split(train, held_out, weights, held_out_weights)


def split_pictures(
    paths: list[Path],
    root: Path,
    seed: int = 0,
    emphasis: Mapping[str, float] | None = None,
    held_out: float = 0.1,
) -> Split:
    """Hold out a share of the pictures, the same ones in every run with the same ``seed``.

    A hash of the name of a picture decides its side, so that added pictures move no other picture.
    A folder counts by the square root of its size, so that none dominates.

    Parameters
    ----------
    paths : list of Path
        Pictures under ``root``.
    root : Path
        Folder that the names are relative to.
    seed : int
        Enters the hash.
    emphasis : mapping, optional
        Factor on the weight of a folder, by its name under ``root``.
    held_out : float
        Share of the pictures, 0 to 1.

    Returns
    -------
    Split
        At least one picture on each side.

    Raises
    ------
    UsageError
        There are fewer than two pictures, ``emphasis`` names an unknown folder, or all weights are
        0.
    """
    emphasis = emphasis or {}
    folders = {path.parent.relative_to(root).as_posix() for path in paths}
    for name in emphasis:
        if name not in folders:
            raise UsageError(
                f"no folder '{name}' with pictures in '{root}'",
                "--emphasis names it",
                "use the name of a folder with pictures",
            )
    limit = held_out * 2**32
    train: list[Path] = []
    held_out_paths: list[Path] = []
    for path in paths:
        name = f"{seed}/{path.relative_to(root).as_posix()}"
        position = int.from_bytes(
            hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()[:4], "big"
        )
        (held_out_paths if position < limit else train).append(path)
    if len(paths) > 1 and not held_out_paths:
        held_out_paths.append(train.pop())
    if len(paths) > 1 and not train:
        train.append(held_out_paths.pop())
    if not train or not held_out_paths:
        raise UsageError(
            f"{len(paths)} picture is not enough to train on",
            "some pictures are held out to measure the progress",
            "use two or more pictures",
        )

    def weighted(side: list[Path]) -> list[float]:
        sizes = Counter(path.parent for path in side)
        raw = [
            emphasis.get(path.parent.relative_to(root).as_posix(), 1.0)
            / math.sqrt(sizes[path.parent])
            for path in side
        ]
        total = sum(raw) or 1.0
        return [w / total for w in raw]

    split = Split(train, held_out_paths, weighted(train), weighted(held_out_paths))
    if not sum(split.weights) or not sum(split.held_out_weights):
        raise UsageError(
            "nothing is left to train on",
            "--emphasis gives every picture a weight of 0",
            "use a factor above 0 for at least one folder",
        )
    return split
