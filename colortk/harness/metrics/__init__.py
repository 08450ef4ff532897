"""Metrics: scores of a colorized picture against its original, one file for each idea.

Each is ``function(pair) -> float`` on a :class:`~colortk.harness.metrics.pair.Pair`, or
``function(picture) -> float`` where no original is needed. Anybody else's may as well be
``function(truth, result) -> float``: see ``MetricSpec``.
"""
