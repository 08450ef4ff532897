"""Predictions that are kept, so that a changed hint does not need the plugin again.

A prediction lies in a result folder of the visitor's window: it counts against the limit of results
of that window, no other visitor's request finds it, and it is deleted with the visitor's files.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from colortk.color.upsample import resize
from colortk.guidance.working_hints import WorkingHints
from colortk.io.files import write_atomic
from colortk.plugin.spec import ColorizerSpec
from colortk.runtime.versions import Variant
from colortk.types import Float32
from colortk.ui.pooled_plugin import PluginWithOptions, PooledPlugin

if TYPE_CHECKING:
    from colortk.ui.event_handlers import RequestContext

#: Kinds of the result folders: of one prediction, and of the versions of a picture.
KIND, VERSIONS_KIND = "prediction", "versions"
#: Longest side at which hints are shown while they are set, in pixels.
HINT_SIDE = 640


@dataclass(frozen=True)
class KeptPrediction:
    """A plugin's prediction for a picture.

    Parameters
    ----------
    ab : float32 array of shape (h, w, 2), or (N, h, w, 2) of versions
        Chroma at the plugin's working size.
    lightness : float32 array of shape (n, m)
        CIE L* of the picture, at most ``HINT_SIDE`` pixels on the longer side.
    height, width : int
        Size of the picture.
    """

    ab: Float32
    lightness: Float32
    height: int
    width: int


def picture_id(file: str) -> str:
    """Return an identifier of an uploaded file that does not tell its path."""
    return hashlib.sha256(file.encode()).hexdigest()[:16]


def shrink_lightness(lightness: Float32, side: int = HINT_SIDE) -> Float32:
    """Return lightness (H, W) scaled down to ``side`` on its longer side."""
    height, width = lightness.shape
    scale = side / max(height, width)
    if scale >= 1:
        return lightness
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.ascontiguousarray(resize(lightness, size))


class KeptPredictions:
    """The kept predictions of a window.

    Parameters
    ----------
    context : RequestContext
        A request of the window.
    """

    def __init__(self, context: RequestContext) -> None:
        self._context = context

    def find(self, file: str, key: str, variant: Variant | None = None) -> KeptPrediction | None:
        """Return the prediction of a plugin for an upload, or ``None``.

        ``key`` is that of :class:`.plugin_pool.ChosenPlugin`. ``variant`` is the version of the
        picture; ``None`` is the automatic prediction.
        """
        kept = self._load(KIND, _name(file, key, variant))
        if kept is None and variant is not None:
            every = Variant(0, variant.count, variant.seed)
            versions = self._load(VERSIONS_KIND, _name(file, key, every))
            if versions is not None:
                kept = replace(versions, ab=versions.ab[variant.number - 1])
        return kept

    def _load(self, kind: str, name: str) -> KeptPrediction | None:
        for folder in self._context.result_folders(kind):
            try:
                with np.load(folder / name, allow_pickle=False) as kept:
                    height, width = map(int, kept["size"])
                    return KeptPrediction(kept["ab"], kept["lightness"], height, width)
            except FileNotFoundError:  # of another picture, or deleted meanwhile
                continue
        return None

    def keep(
        self, file: str, key: str, prediction: KeptPrediction, variant: Variant | None = None
    ) -> None:
        """Keep a prediction, in place of the oldest of the window."""
        self._save(KIND, _name(file, key, variant), prediction)

    def keep_versions(
        self, file: str, key: str, versions: KeptPrediction, count: int, seed: int
    ) -> None:
        """Keep all versions of a picture: ``versions.ab`` has the shape (count, h, w, 2)."""
        self._save(VERSIONS_KIND, _name(file, key, Variant(0, count, seed)), versions)

    def _save(self, kind: str, name: str, prediction: KeptPrediction) -> None:
        buffer = io.BytesIO()
        np.savez(
            buffer, ab=prediction.ab, lightness=prediction.lightness,
            size=np.array([prediction.height, prediction.width]),
        )  # fmt: skip
        folder = self._context.folder(kind)
        write_atomic(folder / name, buffer.getvalue(), durable=False)


def _name(file: str, key: str, variant: Variant | None) -> str:
    """Return the name of a file. The number 0 of a variant means all versions."""
    return hashlib.sha256(f"{file}\0{key}\0{variant}".encode()).hexdigest() + ".npz"


class KeptPlugin:
    """A plugin that predicts only if there is no kept prediction.

    Parameters
    ----------
    plugin : PooledPlugin
        The plugin.
    prediction : KeptPrediction or None
        Its prediction for the one picture that is to be colorized.
    variant : Variant or None
        The version that is wanted; ``None`` is the automatic prediction.
    wait : bool
        Wait for the plugin when it works for others; otherwise hints raise :class:`.turns.Busy`.
    """

    takes_batches = False

    def __init__(
        self,
        plugin: PooledPlugin | PluginWithOptions,
        prediction: KeptPrediction | None,
        variant: Variant | None = None,
        wait: bool = True,
    ) -> None:
        self._wait = wait
        self._plugin, self._prediction, self._variant = plugin, prediction, variant
        self.strength = plugin.strength
        self.spec: ColorizerSpec = plugin.spec
        self.digest, self.options_key = plugin.digest, plugin.options_key

    def predict(self, lightness: Float32) -> Float32:
        """Return chroma, float32 (H, W, 2), of lightness (H, W). Raises ``PredictionError``."""
        kept = self._prediction
        if kept is not None and kept.ab.shape[:2] == lightness.shape:
            return kept.ab
        if (variant := self._variant) is not None:
            versions = self._plugin.predict_samples(lightness, variant.count, variant.seed)
            return np.ascontiguousarray(versions[variant.number - 1])
        return self._plugin.predict(lightness)

    def predict_many(self, lightnesses: list[Float32]) -> list[Float32]:
        """Return :meth:`predict` of several pictures, one after another."""
        return [self.predict(lightness) for lightness in lightnesses]

    @property
    def follows_hints(self) -> bool:
        """Whether the plugin takes hints itself. The host applies them to versions."""
        return self._variant is None and self._plugin.follows_hints

    def predict_guided(self, lightness: Float32, hints: WorkingHints) -> Float32:
        """Return chroma as :meth:`.pooled_plugin.PooledPlugin.predict_guided`."""
        if self._wait:
            return self._plugin.predict_guided(lightness, hints)
        return self._plugin.predict_guided(lightness, hints, wait=False)
