"""Metrics: scores of a colorized picture against its original, one file for each idea.

Each is ``function(pair) -> float`` on a :class:`~colortk.harness.metrics.pair.Pair`, or
``function(picture) -> float`` where no original is needed. Metrics of other packages may also be
``function(truth, result) -> float``: see ``MetricSpec``.
"""
