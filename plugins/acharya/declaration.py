"""What the declarations of document 000's five plugins have in common."""

from __future__ import annotations

from colortk.plugin import ColorizerSpec, WorkingSize, declared


def declare(name: str, summary: str, network: str, training: str) -> ColorizerSpec:
    """Of plugin ``name``: ``network`` in :mod:`.colorizer`, ``training`` in :mod:`.train`."""
    return ColorizerSpec(
        name=name,
        summary=summary,
        factory=f"colortk_plugins.acharya.colorizer:{network}",
        package=f"colortk_plugins.{name}",
        working_size=WorkingSize(short=128, square=True),
        artifacts=declared(f"colortk_plugins.{name}"),
        trainer=f"colortk_plugins.acharya.train:{training}",
        train_options="colortk_plugins.acharya.training:Training",
        paper="Acharya (2022), Mean Chrominance of an image and Image Colorizer Using Deep Learning",
    )
