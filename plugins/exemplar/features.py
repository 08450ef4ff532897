"""Features of the encoder of ``effnet_bins`` as descriptions of the parts of a picture.

The encoder's features at 1/16, 1/8 and 1/4 of the size describe what lies there, its parts and its
texture. All are brought to 1/8 of the size: a cell of 8 × 8 pixels has one description.
"""

from __future__ import annotations

from collections.abc import Mapping

from colortk.plugin import Float32, resize

#: Side of a cell, in pixels of the working size.
CELL = 8
#: The network's inputs of each level of its decoder: enlarged features of the level below,
#: followed by the features of the encoder. At 1/16, 1/8 and 1/4 of the size.
_JOINED = ("decoder1_skip:Concat", "decoder2_skip:Concat", "decoder3_skip:Concat")
#: The first part of each of them.
_ENLARGED = ("decoder1_up:Resize", "decoder2_up:Resize", "decoder3_up:Resize")
#: Tensors of the network that `describe` needs.
TENSORS = _JOINED + _ENLARGED


def describe(tensors: Mapping[str, Float32]) -> list[Float32]:
    """Return the features of each level for every cell.

    Parameters
    ----------
    tensors : mapping of str to ndarray
        The `TENSORS` of one picture, float32 (1, h, w, channels).

    Returns
    -------
    list of ndarray
        For 1/16, 1/8 and 1/4 of the size, float32 (rows, columns, features): the picture's rows and
        columns of cells.
    """
    levels = [
        tensors[joined][0, ..., tensors[enlarged].shape[-1] :]
        for joined, enlarged in zip(_JOINED, _ENLARGED, strict=True)
    ]
    rows, columns = levels[1].shape[:2]
    return [resize(level, (columns, rows)) for level in levels]
