"""The type declarations for OpenCV exist in the installed release."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import cv2

ROOT = Path(__file__).resolve().parents[1] / "colortk"


def declared_names() -> set[str]:
    names = set()
    for node in ast.parse((ROOT / "_cv2.pyi").read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            if not node.name.startswith("_"):  # a class that OpenCV does not export
                names.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names


def test_declared_names_exist_and_are_used() -> None:
    names = declared_names()
    for name in names:
        assert hasattr(cv2, name), name
    used = set()
    for path in ROOT.rglob("*.py"):
        text = path.read_text("utf-8")
        if "colortk._opencv import cv2" in text:
            used |= set(re.findall(r"\bcv2\.([A-Za-z_]\w*)", text))
    assert used == names - {"DISOpticalFlow"}
