"""How rare each color is in photographs: the class weights of the rebalanced AuC.

The classes are the cells of a grid over a* and b* that is 10 units wide, with centers at multiples
of 10 (Zhang, Isola, Efros 2016, section 3.1). Zhang's own prior (``prior_probs.npy``) is of
ImageNet's training pictures and is not shipped here. Ours is counted from the training pictures
of this project, with this command::

    python -m colortk.harness.metrics.color_classes DIR [FILE]

It counts every pixel of every picture in DIR and writes the counts, before smoothing, as JSON. Only
pictures that no colorizer is scored on may be counted. The file that is shipped is of 21,133
pictures (docs/metrics.md names their sources).
"""

from __future__ import annotations

import hashlib
import json
import sys
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np

from colortk.errors import ArtifactError
from colortk.io.files import write_atomic
from colortk.types import Array, Float32

#: Width of a cell in units of a* and b*, and the number of cells on each axis: centers from -110
#: to 110. No sRGB color lies outside of them.
WIDTH, CELLS = 10, 23
#: Standard deviation of the Gaussian that smooths the distribution (section 2.2), in units of a*.
SIGMA = 5.0
CLASSES_FILE = "color_classes.json"
#: SHA-256 of that file: other counts are other scores, and have to change the code's digest.
SHA256 = "89ffb4a039652d7aa722ee3a4113e70915ff83385012990f8e48d3202c3ecd70"


def cells(a: Float32, b: Float32) -> Array:
    """Return the class of every pixel.

    Parameters
    ----------
    a, b
        float32 of any one shape, CIE a* and b* of sRGB colors.

    Returns
    -------
    Array
        int64 of the same shape, 0..528: row of a* times 23 plus column of b*.
    """
    rows, columns = (
        np.clip(np.rint(plane / np.float32(WIDTH)).astype(np.int64) + CELLS // 2, 0, CELLS - 1)
        for plane in (a, b)
    )
    classes: Array = rows * CELLS + columns
    return classes


def smoothed(counts: Array) -> Array:
    """Return the probability of every class, smoothed by a Gaussian over a* and b*.

    Parameters
    ----------
    counts
        (23, 23), pixels by row of a* and column of b*.

    Returns
    -------
    Array
        float64 (23, 23), with sum 1.

    References
    ----------
    Zhang, Isola, Efros 2016, "Colorful Image Colorization", section 2.2.
    """
    distance = WIDTH * np.subtract.outer(np.arange(CELLS), np.arange(CELLS))
    kernel = np.exp(-(distance**2) / (2 * SIGMA**2))
    spread = kernel @ counts.astype(np.float64) @ kernel
    probability: Array = spread / spread.sum()
    return probability


@cache
def weights() -> Float32:
    """Return the weight of every class: the inverse of its smoothed probability.

    Equation 4 of Zhang 2016 with λ = 0. A class that no counted picture has gets the weight of the
    rarest class that one has: smoothing alone would leave it a probability near zero.

    Returns
    -------
    Float32
        (529,), positive; 1 for the most frequent class.

    Raises
    ------
    ArtifactError
        If the file of counts is not the one that this code was made for.
    """
    content = files(__package__).joinpath(CLASSES_FILE).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != SHA256:
        raise ArtifactError(
            f"the color classes '{CLASSES_FILE}' cannot be used",
            f"SHA-256 {digest}, not {SHA256}",
            "reinstall colorization-toolkit",
        )
    data = json.loads(content)
    counts = np.zeros((CELLS, CELLS))
    for a, b, count in data["counts"]:
        counts[a // WIDTH + CELLS // 2, b // WIDTH + CELLS // 2] = count
    probability = smoothed(counts)
    probability = np.maximum(probability, probability[counts > 0].min())
    inverse: Float32 = (probability.max() / probability).ravel().astype(np.float32)
    inverse.flags.writeable = False
    return inverse


def count(folder: Path) -> tuple[Array, int]:
    """Count the classes of all pixels of the pictures in ``folder``.

    Returns
    -------
    tuple
        int64 (23, 23), and the number of pictures.

    Raises
    ------
    PictureError
        If a picture cannot be read.
    """
    from colortk.harness.metrics.pair import ScoredPicture
    from colortk.harness.protocol import load_protocol, reference_picture
    from colortk.io.discovery import find_pictures

    native = load_protocol().varied(short_side=None)
    total, pictures = np.zeros(CELLS * CELLS, np.int64), 0
    for path in find_pictures(folder):
        _, a, b = ScoredPicture(
            reference_picture(path.read_bytes(), str(path), native).pixels
        ).planes
        total += np.bincount(cells(a, b).ravel(), minlength=total.size)
        pictures += 1
        if pictures % 1000 == 0:
            print(f"{pictures} pictures", file=sys.stderr, flush=True)
    return total.reshape(CELLS, CELLS), pictures


def main() -> None:
    """Count the pictures of a folder and write the file."""
    if len(sys.argv) not in (2, 3):
        raise SystemExit("usage: python -m colortk.harness.metrics.color_classes DIR [FILE]")
    target = Path(sys.argv[2]) if len(sys.argv) == 3 else Path(__file__).with_name(CLASSES_FILE)
    counts, pictures = count(Path(sys.argv[1]))
    rows = [
        [WIDTH * (int(a) - CELLS // 2), WIDTH * (int(b) - CELLS // 2), int(counts[a, b])]
        for a, b in np.argwhere(counts)
    ]
    head = {
        "what": "pixels by color class: [a*, b*, pixels]; classes that are not listed have none",
        "command": "python -m colortk.harness.metrics.color_classes DIR",
        "pictures": pictures,
        "pixels": int(counts.sum()),
        "width": WIDTH,
    }
    lines = ",\n".join(f"  {json.dumps(row)}" for row in rows)
    text = json.dumps(head, indent=1)[:-2] + f',\n "counts": [\n{lines}\n ]\n}}\n'
    write_atomic(target, text.encode(), force=True)
    print(f"SHA-256, for this module: {hashlib.sha256(text.encode()).hexdigest()}")


if __name__ == "__main__":
    main()
