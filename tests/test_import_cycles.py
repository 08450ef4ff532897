"""No module of colortk imports itself through others, not even lazily or for annotations."""

from __future__ import annotations

import graphlib

import pytest

grimp = pytest.importorskip("grimp")

#: colortk.plugin lazily imports names for plugin authors from higher packages. The perceptual loss
#: and its PyTorch implementation still import each other.
EXCEPTIONS = ("colortk.plugin", "colortk.training.torch.perceptual")


def test_no_import_cycles() -> None:
    graph = grimp.build_graph("colortk", cache_dir=None)
    imports = {
        module: graph.find_modules_directly_imported_by(module)
        for module in graph.modules
        if module not in EXCEPTIONS
    }
    assert len(imports) > 300
    graphlib.TopologicalSorter(imports).prepare()  # raises CycleError, which names the cycle


def test_a_cycle_is_detected() -> None:
    with pytest.raises(graphlib.CycleError, match="cycle"):
        graphlib.TopologicalSorter({"a": {"b"}, "b": {"c"}, "c": {"a"}}).prepare()
