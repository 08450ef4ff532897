"""The scores of a comparison as a pandas table."""

from __future__ import annotations

from typing import Any

import numpy as np

from colortk.errors import PluginError
from colortk.harness.comparison import Comparison


def to_data_frame(comparison: Comparison) -> Any:
    """Return a ``pandas.DataFrame``: one row for each picture and plugin, one column a metric.

    Raises
    ------
    PluginError
        If pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError:
        raise PluginError(
            "cannot make a table of the scores",
            "the module 'pandas' is not installed",
            "pip install pandas",
        ) from None
    records = comparison.records()
    facts = ("picture", "name", "plugin", "near_gray", "seconds", "error")
    columns: dict[str, Any] = {name: [] for name in (*facts, "repeat_difference")}
    for index, row in enumerate(records):
        for name in facts:
            columns[name].append(getattr(row, name))
        columns["repeat_difference"].append(None if row.repeat is None else row.repeat.difference)
        for name, value in row.metrics.items():
            if name not in columns:
                columns[name] = np.full(len(records), np.nan)
            columns[name][index] = value
    return pd.DataFrame(columns)
