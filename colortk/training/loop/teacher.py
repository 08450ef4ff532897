"""Targets that mix the predictions of a plugin with the true colors (distillation).

An object that can have any color has one color in every photograph, and a small network learns the
colors of its few photographs by heart. A teacher that was trained on more pictures predicts the
likely color, which is less noisy and generalizes. With squared error, training on a mixture of true
and predicted colors is the same as training on both.

References
----------
Hinton, Vinyals, Dean (2015), "Distilling the Knowledge in a Neural Network".
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import numpy as np

from colortk.color.upsample import resize
from colortk.color.working_size import working_shape
from colortk.plugin.spec import WorkingSize
from colortk.runtime.loading import Loaded, PluginRequest, load
from colortk.types import Float32


@dataclass(frozen=True)
class Teacher:
    """A plugin whose predictions are mixed with the true colors.

    Parameters
    ----------
    loaded : Loaded
        The plugin. It sees training crops at their own size.
    share : float
        Share of its predictions in the targets, 0 to 1.
    """

    loaded: Loaded
    share: float
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def targets(self, lightness: Float32, ab: Float32) -> Float32:
        """Return the mixture of true and predicted colors.

        Parameters
        ----------
        lightness : ndarray
            L*, float32 (N, H, W), 0 to 100.
        ab : ndarray
            True a* and b*, float32 (N, H, W, 2).

        Returns
        -------
        ndarray
            a* and b*, float32 (N, H, W, 2).
        """
        height, width = lightness.shape[1:]
        size = self.loaded.spec.working_size
        if not size.square:  # crops have fewer pixels than pictures and are not enlarged
            size = WorkingSize(None, multiple=size.multiple)
        rows, columns = working_shape(size, height, width)
        resized = [np.ascontiguousarray(resize(plane, (columns, rows))) for plane in lightness]
        with self._lock:  # several threads prepare batches, and a plugin need not be thread-safe
            predictions = self.loaded.predict_many(resized)
        teacher_ab = np.stack([resize(prediction, (width, height)) for prediction in predictions])
        mixed: Float32 = ab + np.float32(self.share) * (teacher_ab - ab)
        return mixed


def load_teacher(plugin: str, share: float) -> Teacher:
    """Load ``plugin`` as a teacher.

    Parameters
    ----------
    plugin : str
        Name of the plugin.
    share : float
        Share of its predictions in the targets, 0 to 1.

    Raises
    ------
    ColortkError
        The plugin cannot be loaded.
    """
    return Teacher(load(PluginRequest(plugin)), share)
