"""Specification of ``resnet18``."""

from __future__ import annotations

from colortk.plugin import ColorizerSpec, WorkingSize, declared, hookimpl


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    """Return the specification."""
    return [
        ColorizerSpec(
            name="resnet18",
            summary="Document 004's ResNet-18 with a small decoder",
            factory="colortk_plugins.resnet18.colorizer:colorizer",
            package="colortk_plugins.resnet18",
            working_size=WorkingSize(short=192, multiple=32),
            artifacts=declared("colortk_plugins.resnet18"),
            trainer="colortk_plugins.resnet18.train:train",
            train_options="colortk_plugins.resnet18.training:Training",
            paper="Kazerooni, Mehmetoglu, Gray-scale Image Colorization Using Deep Learning",
        )
    ]
