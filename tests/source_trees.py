"""An editable copy of the sources of the installed packages, and the keys computed from it."""

from __future__ import annotations

import shutil
from pathlib import Path

from colortk.plugin.registry import registry
from colortk.plugin.spec import ColorizerSpec
from colortk.runtime.import_closure import SourceTree
from colortk.runtime.provenance import (
    ENTRIES,
    colorizer_code,
    film_scores_code,
    metric_code,
    training_code,
)
from colortk.runtime.source_cache import SourceCache

ROOT = Path(__file__).resolve().parents[1]
SEMANTIC = b"\n_edited = 1\n"
WORDS = b'\n# Words.\n"""More words."""\n'


class Copy:
    """Copy the packages of this checkout to ``folder``."""

    def __init__(self, folder: Path) -> None:
        skipped = shutil.ignore_patterns("__pycache__", "*.onnx", "*.npz", "*.png", "*.jpg")
        for name in ("colortk", "plugins"):
            shutil.copytree(ROOT / name, folder / name, ignore=skipped)
        self.folder = folder
        self.roots = {"colortk": folder / "colortk", "colortk_plugins": folder / "plugins"}
        self.tree = SourceTree(SourceCache(None), self.roots)

    def keys(self) -> dict[str, str]:
        """Return every kind of key: of a network, of SIFT features and of metrics."""
        network, sift = spec("effnet_bins"), spec("sift_mlp")
        tree = self.tree
        with tree.snapshot():
            return {
                "compare": colorizer_code(network, "ratio", "scores", tree),
                "compare sift_mlp": colorizer_code(sift, "ratio", "scores", tree),
                "run --resume": colorizer_code(network, "ratio", "files", tree),
                "video --resume": colorizer_code(network, "ratio", "film", tree),
                "compare films": film_scores_code(tree),
                "fit --resume": training_code(network, tree=tree),
                "fit --resume sift_mlp": training_code(sift, tree=tree),
                "psnr": metric_code(registry().metric("psnr"), tree),
                "flicker": metric_code(registry().metric("flicker"), tree),
            }

    def reached(self) -> dict[str, set[str]]:
        """Return the modules that each key depends on, according to the closures."""
        metrics = ("colortk.harness.metrics", "colortk.harness.lpips", "colortk.harness.scoring")

        def modules(*names: str, without: tuple[str, ...] = ()) -> set[str]:
            return set(self.tree.closure(names, (), without).modules)

        network, sift = "colortk_plugins.effnet_bins", "colortk_plugins.sift_mlp"
        predict = [f"{network}.colorizer", f"{network}.options", "colortk.color.refine"]
        scores, files, film = (ENTRIES[work] for work in ("scores", "files", "film"))
        return {
            "compare": modules(*scores, *predict, without=metrics),
            "compare sift_mlp": modules(
                *scores, f"{sift}.colorizer", "colortk.color.refine", without=metrics
            ),
            "run --resume": modules(*files, *predict),
            "video --resume": modules(*film, *predict),
            "compare films": modules(*ENTRIES["film scores"], without=metrics),
            "fit --resume": modules(
                f"{network}.train", f"{network}.training", f"{network}.colorizer"
            ),
            "fit --resume sift_mlp": modules(f"{sift}.train", f"{sift}.colorizer"),
            "psnr": modules(*ENTRIES["metric"], "colortk.harness.metrics.psnr"),
            "flicker": modules(*ENTRIES["film metric"], "colortk.harness.flicker"),
        }

    def path(self, module: str) -> Path:
        """The source of a module."""
        top, _, rest = module.partition(".")
        place = self.roots[top].joinpath(*rest.split(".")) if rest else self.roots[top]
        return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")

    def sources(self) -> list[Path]:
        """All sources."""
        return sorted(self.folder.rglob("*.py"))


def spec(name: str) -> ColorizerSpec:
    """The declaration of an installed plugin."""
    return registry().colorizer(name)[1]
