"""Simulated coverage of the intervals, and properties of the verdicts, as tables.

``python benchmarks/interval_coverage.py [--samples 4000] [--tables 2000]``

Coverage: share of samples whose 95 % interval holds the true mean, by distribution and number of
pictures. Verdicts: over random tables of scores, how often a property that ranks and letters must
have is broken, and how often plugins that do not differ are told apart.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from simulations import (
    DISTRIBUTIONS,
    NULLS,
    SIZES,
    coverage,
    coverage_of_bca,
    false_families,
    false_verdicts,
    violations,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=4000, help="Samples a cell of the coverage.")
    parser.add_argument("--tables", type=int, default=2000, help="Tables of the properties.")
    arguments = parser.parse_args()
    print(f"coverage of 95 % intervals ({arguments.samples} samples a cell)")
    print(f"{'pictures':38}" + "".join(f"{count:>8}" for count in SIZES))
    for name in DISTRIBUTIONS:
        cells = [coverage(name, count, arguments.samples) for count in SIZES]
        print(f"{name:38}" + "".join(f"{cell:8.3f}" for cell in cells), flush=True)
    sample_count = max(100, arguments.samples // 4)
    print(f"\nfor comparison: BCa of SciPy ({sample_count} samples a cell)")
    for name in DISTRIBUTIONS:
        cells = [coverage_of_bca(name, count, sample_count) for count in SIZES]
        print(f"{name:38}" + "".join(f"{cell:8.3f}" for cell in cells), flush=True)
    print(f"\nproperties of the verdicts ({arguments.tables} tables; tables that break each)")
    for name, count in violations(arguments.tables).items():
        print(f"{count:6}  {name}", flush=True)
    print(f"\nequal plugins that are told apart ({arguments.tables} pairs a cell; stated: 0.05)")
    print(f"{'pictures':38}" + "".join(f"{count:>8}" for count in SIZES[1:]))
    for name in NULLS:
        cells = [false_verdicts(name, count, arguments.tables) for count in SIZES[1:]]
        print(f"{name:38}" + "".join(f"{cell:8.3f}" for cell in cells), flush=True)
    share = false_families(5, 30, arguments.tables)
    print(f"{'any of 10 pairs of a family (Holm), 30':38}{share:8.3f}")


if __name__ == "__main__":
    main()
