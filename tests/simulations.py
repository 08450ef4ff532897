"""Simulated scores: how often intervals cover, and which properties verdicts have.

``benchmarks/interval_coverage.py`` prints all of it; the tests hold the limits.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from colortk.harness.intervals import mean_intervals
from colortk.harness.verdicts import Verdicts, verdicts

Float64 = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, int]], Float64]
SIZES = (5, 10, 30, 48)


def _zero_inflated(rng: np.random.Generator, shape: tuple[int, int], share: float) -> Float64:
    return np.where(rng.random(shape) < share, 0.0, rng.normal(0.5, 1, shape))


#: Distributions of scores and differences, each with its true mean.
DISTRIBUTIONS: dict[str, tuple[Draw, float]] = {
    "normal": (lambda rng, shape: rng.normal(0.3, 1, shape), 0.3),
    "skewed: lognormal, sigma 0.5": (
        lambda rng, shape: rng.lognormal(0, 0.5, shape),
        float(np.exp(0.125)),
    ),
    "skewed: lognormal, sigma 1": (
        lambda rng, shape: rng.lognormal(0, 1, shape),
        float(np.exp(0.5)),
    ),
    "heavy tails: Student's t, 3 degrees": (
        lambda rng, shape: 0.3 + rng.standard_t(3, shape),
        0.3,
    ),
    "zero-inflated: half zeros": (lambda rng, shape: _zero_inflated(rng, shape, 0.5), 0.25),
    "zero-inflated: 7 of 10 zeros": (lambda rng, shape: _zero_inflated(rng, shape, 0.7), 0.15),
}


def coverage(name: str, count: int, samples: int, seed: int = 0) -> float:
    """Return the share of samples of ``count`` pictures whose interval contains the true mean."""
    draw, mean = DISTRIBUTIONS[name]
    rng = np.random.default_rng([seed, count, sorted(DISTRIBUTIONS).index(name)])
    hits = 0
    for first in range(0, samples, 500):
        size = min(500, samples - first)
        # Every part has its own resamples, so that no single seed decides the result.
        found = mean_intervals(draw(rng, (count, size)), seed=int(rng.integers(1 << 31)))
        hits += int(((found.low <= mean) & (mean <= found.high)).sum())
    return hits / samples


def coverage_of_bca(name: str, count: int, samples: int, seed: int = 0) -> float:
    """Return the coverage of SciPy's BCa bootstrap, an alternative that covers less."""
    from scipy.stats import bootstrap

    draw, mean = DISTRIBUTIONS[name]
    rng = np.random.default_rng([seed, count, sorted(DISTRIBUTIONS).index(name)])
    hits = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # samples of equal scores have no BCa interval
        for _ in range(0, samples, 100):
            drawn = draw(rng, (count, 100))
            found = bootstrap((drawn,), np.mean, axis=0, n_resamples=1999, batch=200, rng=rng)
            low, high = found.confidence_interval
            hits += int(((low <= mean) & (mean <= high)).sum())
    return hits / (len(range(0, samples, 100)) * 100)


def score_table(rng: np.random.Generator, plugins: int = 0) -> Float64:
    """Draw scores of 2 to 8 plugins on 10 to 60 pictures; mean, spread and skew differ by plugin."""
    plugins = plugins or int(rng.integers(2, 9))
    pictures = int(rng.integers(10, 61))
    hardness = rng.normal(0, 2, (pictures, 1))
    lead = rng.choice([0.0, 0.3, 1.0]) * rng.normal(0, 1, plugins)
    spread = rng.lognormal(-0.5, 0.8, plugins)
    noise = rng.normal(size=(pictures, plugins))
    skewed = rng.lognormal(0, 1, (pictures, plugins)) - np.exp(0.5)
    return hardness + lead + spread * np.where(rng.random(plugins) < 0.5, noise, skewed)


#: Properties that every table must have.
PROPERTIES = (
    "a better mean has a worse rank",
    "plugins that are not told apart have different ranks",
    "a shared letter does not mean that a pair is not told apart",
    "hopeless plugins change a verdict on two others",
    "hopeless plugins change a rank",
    "another plugin changes a verdict on two others",
    "a plugin that fails on its worst pictures has a rank",
)


def violations(tables: int, seed: int = 0) -> dict[str, int]:
    """Count the tables that break each property; all counts must be 0."""
    rng = np.random.default_rng(seed)
    broken = dict.fromkeys(PROPERTIES, 0)
    for _ in range(tables):
        for name in _broken(rng):
            broken[name] += 1
    return broken


def _broken(rng: np.random.Generator) -> Iterator[str]:
    table, higher = score_table(rng), bool(rng.random() < 0.5)
    found = verdicts(table, higher)
    count, means = table.shape[1], table.mean(0) * (1 if higher else -1)
    ranks, letters = found.ranks, found.letters
    pairs = [(a, b) for a in range(count) for b in range(count) if a != b]
    both = [(a, b) for a, b in pairs if ranks[a] is not None and ranks[b] is not None]
    if any(means[a] > means[b] and ranks[a] > ranks[b] for a, b in both):  # type: ignore[operator]
        yield "a better mean has a worse rank"
    separated = _separated(found)
    if any(ranks[a] != ranks[b] and not separated[a, b] for a, b in both):
        yield "plugins that are not told apart have different ranks"
    if any(bool(set(letters[a]) & set(letters[b])) == separated[a, b] for a, b in pairs):
        yield "a shared letter does not mean that a pair is not told apart"
    worst = table.min(1, keepdims=True) if higher else table.max(1, keepdims=True)
    steps = (-1 if higher else 1) * rng.uniform(50, 90, (len(table), int(rng.integers(1, 5))))
    more = verdicts(np.hstack([table, worst + steps]), higher)
    if not np.array_equal(_separated(more)[:count, :count], separated):
        yield "hopeless plugins change a verdict on two others"
    if more.ranks[:count] != ranks and count > 1:
        yield "hopeless plugins change a rank"
    third = np.hstack([score_table(rng, 1)[:1] + rng.permutation(table), table])
    if not np.array_equal(_separated(verdicts(third, higher))[count:, count:], separated):
        yield "another plugin changes a verdict on two others"
    k = int(rng.integers(count))
    gaps = table.copy()
    order = np.argsort(table[:, k] if higher else -table[:, k])
    gaps[order[: int(rng.integers(1, len(table) // 2))], k] = np.nan
    if verdicts(gaps, higher).ranks[k] is not None:
        yield "a plugin that fails on its worst pictures has a rank"


def _separated(found: Verdicts) -> NDArray[np.bool_]:
    count = len(found.counts)
    apart = np.zeros((count, count), bool)
    for pair in found.pairs:
        apart[pair.first, pair.second] = apart[pair.second, pair.first] = pair.separated
    return apart


#: Distributions of differences with mean zero: the two plugins are equally good.
NULLS: dict[str, Draw] = {
    "normal": lambda rng, shape: rng.normal(0, 1, shape),
    "heavy tails: Student's t, 3 degrees": lambda rng, shape: rng.standard_t(3, shape),
    "skewed: lognormal, sigma 0.5": lambda rng, shape: rng.lognormal(0, 0.5, shape) - np.exp(0.125),
    "zero-inflated: half zeros": lambda rng, shape: np.where(
        rng.random(shape) < 0.5, 0, rng.normal(0, 1, shape)
    ),
}


def false_verdicts(name: str, count: int, pairs: int, seed: int = 0) -> float:
    """Return the share of equally good pairs of plugins that are called different."""
    rng = np.random.default_rng([seed, count, sorted(NULLS).index(name)])
    found = 0
    for _ in range(0, pairs, 20):
        # Twenty unrelated pairs, as tables of two plugins each.
        delta = NULLS[name](rng, (count, 20))
        base = rng.normal(20, 5, (count, 1))
        for k in range(20):
            table = np.hstack([base + delta[:, k : k + 1], base])
            found += verdicts(table, True).pairs[0].separated
    return found / (len(range(0, pairs, 20)) * 20)


def false_families(plugins: int, count: int, tables: int, seed: int = 0) -> float:
    """Return the share of Holm-corrected families of equal plugins with a false verdict."""
    rng = np.random.default_rng(seed)
    found = 0
    for _ in range(tables):
        table = rng.normal(size=(count, 1)) + rng.normal(size=(count, plugins))
        found += any(pair.separated for pair in verdicts(table, True, range(plugins)).pairs)
    return found / tables
