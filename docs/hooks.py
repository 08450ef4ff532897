"""Adds each plugin's example picture to the documentation, for the gallery."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files


def on_files(files: Files, config: Any) -> Files:
    """Copy `plugins/NAME/example.jpg` to `gallery/NAME.jpg`."""
    plugins = Path(config.config_file_path).parent / "plugins"
    for path in sorted(plugins.glob("*/example.jpg")):
        files.append(
            File.generated(config, f"gallery/{path.parent.name}.jpg", abs_src_path=str(path))
        )
    return files
