"""Which pictures a trainer gets, split by picture so that no pixel of one is on both sides."""

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
    """Paths to learn from and paths held out, and the weight of each; both sides sum to 1."""

    train: list[Path]
    held_out: list[Path]
    weights: list[float]
    held_out_weights: list[float]

    def without(self, left_out: Collection[Path]) -> Split:
        """The same without some pictures."""

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

    A picture's side follows from a hash of its name under ``root``, so that adding pictures
    moves none. Folders are weighted by the square root of their size, so that none dominates,
    times their ``emphasis`` (folder under ``root``: factor). Raises ``UsageError`` if either
    side would be empty or an emphasized folder is not there.
    """
    emphasis = emphasis or {}
    folders = {path.parent.relative_to(root).as_posix() for path in paths}
    for name in emphasis:
        if name not in folders:
            raise UsageError(
                f"no folder '{name}' with pictures in '{root}'", "--emphasis names one"
            )
    limit = held_out * 2**32
    train: list[Path] = []
    held_out_paths: list[Path] = []
    for path in paths:
        name = f"{seed}/{path.relative_to(root).as_posix()}"
        ticket = int.from_bytes(
            hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()[:4], "big"
        )
        (held_out_paths if ticket < limit else train).append(path)
    if len(paths) > 1 and not held_out_paths:
        held_out_paths.append(train.pop())
    if len(paths) > 1 and not train:
        train.append(held_out_paths.pop())
    if not train or not held_out_paths:
        raise UsageError(
            f"{len(paths)} picture is too few to train on",
            "some are held out to know when to stop",
            "give two or more",
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
            "nothing is left to train on", "--emphasis gives every picture a weight of 0"
        )
    return split
