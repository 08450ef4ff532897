"""Targets from a plugin's answers beside the true colors.

After Hinton, Vinyals and Dean (2015), "Distilling the Knowledge in a Neural Network". What could have any color has one in every photograph: a small network learns that of its few
photographs by heart. A teacher that has seen more answers what is likely, which is less noisy and
holds elsewhere too. With squared error, learning from a mixture of both is the same as from both.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import numpy as np

from colortk.color.upsample import resize
from colortk.color.working_size import working_shape
from colortk.plugin.spec import WorkingSize
from colortk.runtime.loading import Loaded, Request, load
from colortk.types import Float32


@dataclass(frozen=True)
class Teacher:
    """``share``: of its answers in the targets, 0..1. It sees parts of pictures as they are."""

    loaded: Loaded
    share: float
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def targets(self, lightness: Float32, ab: Float32) -> Float32:
        """What is to be learned of L* (N, H, W) whose true colors are ``ab`` (N, H, W, 2)."""
        height, width = lightness.shape[1:]
        size = self.loaded.spec.working_size
        if not size.square:  # a part has fewer pixels than a picture, and is not enlarged
            size = WorkingSize(None, multiple=size.multiple)
        rows, columns = working_shape(size, height, width)
        seen = [np.ascontiguousarray(resize(plane, (columns, rows))) for plane in lightness]
        with self._lock:  # threads make batches; a plugin need not know of threads
            answers = self.loaded.predict_many(seen)
        teacher_ab = np.stack([resize(answer, (width, height)) for answer in answers])
        mixed: Float32 = ab + np.float32(self.share) * (teacher_ab - ab)
        return mixed


def load_teacher(plugin: str, share: float) -> Teacher:
    """Make ``plugin`` ready to teach. Raises ``ColortkError`` as loading does."""
    return Teacher(load(Request(plugin)), share)
