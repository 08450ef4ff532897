"""Time and memory of `colortk compare` on stored scores of many pictures and eight plugins.

    python benchmarks/large_comparison.py [--pictures 5000 20000 50000]

The scores are synthetic and lie in the store already, so that only reading, statistics and reports
are measured: first the tables alone, then also the page (`--html`) and the scores of all pictures
(`--csv`, `--json`, `--per-image`). One plugin lacks some results.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
from pathlib import Path

import numpy as np

from colortk.harness.protocol import load_protocol
from colortk.harness.records import FeatureVector, PictureRow, Repeat, ResultRow
from colortk.harness.requested_specs import requested_variants
from colortk.harness.results import Results
from colortk.harness.runner import metric_digests
from colortk.harness.second_predictions import select_pictures
from colortk.harness.set_scores import feature_metrics
from colortk.harness.thumbnails import histogram, thumbnail
from colortk.plugin.registry import registry
from colortk.plugin.spec import MetricSpec
from colortk.runtime.sandbox import ASPECTS
from colortk.types import Float64
from measurement import COLORTK, ran

#: Plugins that need no network; their scores are synthetic in any case.
PLUGINS = ("gray", "mean_color", *(f"mean_color:strength={tenths / 10}" for tenths in range(4, 10)))
#: The last plugin fails on one picture in this many.
FAILURES = 1000
#: Numbers that a metric of sets gets of each picture.
FEATURES = 256


def write_pictures(folder: Path, count: int) -> list[tuple[Path, str]]:
    """Write files whose content nobody decodes; return them with their SHA-256."""
    folder.mkdir()
    pictures = []
    for number in range(count):
        path, content = folder / f"{number:06}.png", f"picture {number}".encode()
        path.write_bytes(content)
        pictures.append((path, hashlib.sha256(content).hexdigest()))
    return pictures


def scores(spec: MetricSpec, count: int, rng: np.random.Generator) -> Float64:
    """Return scores of a metric within its bounds, float64 (pictures, plugins)."""
    shared = rng.normal(0, 1, (count, 1))
    values = shared + rng.normal(0, 0.05, len(PLUGINS)) + rng.normal(0, 0.5, (count, len(PLUGINS)))
    low, high = spec.bounds
    if np.isfinite(high):
        return np.asarray(low + (high - low) / (1 + np.exp(-values)))
    return np.asarray(np.exp(values) if np.isfinite(low) else values)


def fill_store(store: Path, pictures: list[tuple[Path, str]]) -> None:
    """Store synthetic results of all plugins on all pictures, as a comparison would."""
    rng, count = np.random.default_rng(0), len(pictures)
    protocol = load_protocol()
    variants, _ = requested_variants(PLUGINS, False, None, protocol.refine)
    specs = registry().metrics()
    set_specs = feature_metrics(registry().set_metrics())
    codes, set_codes = metric_digests(specs), metric_digests(set_specs)
    values = {name: scores(spec, count, rng) for name, spec in specs.items()}
    twice = select_pictures([digest for _, digest in pictures])
    plane = np.linspace(-40, 40, 128, dtype=np.float32)[None].repeat(128, 0)
    image = thumbnail(np.uint8(plane + 128)[..., None].repeat(3, 2))
    packed = histogram(plane, np.ascontiguousarray(plane.T))
    with Results(store) as results:
        results._db.execute("PRAGMA synchronous = OFF")
        for number, (path, digest) in enumerate(pictures):
            vectors = [
                {
                    spec.function: FeatureVector(
                        set_codes[name], rng.normal(0, 1, FEATURES).astype(np.float32).tobytes()
                    )
                    for name, spec in set_specs.items()
                }
                for _ in range(len(variants) + 1)
            ]
            row = PictureRow(
                digest, str(path), 256, 256, 30.0, float(values["colorfulness"][number].mean()),
                False, packed, image, image, f"pixels {number}", vectors[-1],
            )  # fmt: skip
            rows = [
                ResultRow(
                    digest, variant.key, {name: float(values[name][number, k]) for name in specs},
                    version=variant.version, seconds=0.1 + k / 100, peak_memory=10**8,
                    result=image, heat=image, histogram=packed,
                    repeat=Repeat() if digest in twice else None,
                    sealed=dict.fromkeys(ASPECTS, True), features=vectors[k],
                )
                for k, variant in enumerate(variants)
            ]  # fmt: skip
            if number % FAILURES == FAILURES // 2:
                rows[-1] = ResultRow(digest, variants[-1].key, error=f"'{path}': too dark")
            results.add(protocol, row, rows, codes | set_codes)


def command(folder: Path, store: Path, *more: str) -> list[str]:
    """Return a comparison of all plugins whose output goes to a file."""
    plugins = [part for plugin in PLUGINS for part in ("-p", plugin)]
    words = [*COLORTK, "compare", str(folder), *plugins, "--store", str(store), *more]
    # Failures of single pictures make its exit code 1.
    return ["sh", "-c", f'"$@" > {store}/output 2> {store}/messages; test $? -le 1', "sh", *words]


def main() -> None:
    """Print a line for each number of pictures and kind of output."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, nargs="+", default=[5000, 20000, 50000])
    parser.add_argument("--keep", type=Path, help="Use this folder, and leave it behind.")
    arguments = parser.parse_args()
    print(f"{len(PLUGINS)} plugins, {len(registry().metrics())} metrics", flush=True)
    print("pictures  output                  seconds  CPU seconds  peak MB", flush=True)
    for count in arguments.pictures:
        with tempfile.TemporaryDirectory() as temporary:
            store = (arguments.keep or Path(temporary)) / str(count)
            if not store.exists():
                store.mkdir(parents=True)
                fill_store(store, write_pictures(store / "pictures", count))
            every = [f"--html={store}/page.html", f"--csv={store}/scores.csv", "--per-image"]
            for name, more in (
                ("tables", ()),
                ("all scores and page", (*every, "--json", "--force")),
            ):
                run = ran(command(store / "pictures", store, *more))
                print(
                    f"{count:8}  {name:20}  {run.seconds:9.1f}  {run.cpu:11.1f}  {run.peak:7.0f}",
                    flush=True,
                )
            size = (store / "page.html").stat().st_size / 2**20
            print(f"{count:8}  the page has {size:.0f} MB", flush=True)


if __name__ == "__main__":
    main()
