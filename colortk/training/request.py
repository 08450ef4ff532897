"""The request that ``colortk fit`` passes to the trainer of a plugin."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from colortk.errors import UsageError
from colortk.runtime.progress import Progress, silent


@dataclass(frozen=True)
class TrainRequest:
    """Plugin and data of a training, and the folder of its results.

    Parameters
    ----------
    data : Path
        Folder of pictures, searched recursively, or a packed dataset.
    output : Path
        Folder of the artifacts, the manifest, the curve and the checkpoints. The name of a
        checkpoint starts with ``checkpoint``. It is removed after the manifest, the last file, is
        written.
    store : Path
        Folder of the pickled intermediates.
    epochs, batch_size, samples, side, rate, cooldown : optional
        Epochs, pictures per step, pictures per epoch, pixels of the square crops, initial learning
        rate, share of the epochs at the end in which the rate falls to zero. ``None`` is the
        default of the trainer.
    seed : int
        Decides the split, the order, the crops and the initial weights.
    emphasis : mapping
        Factor on the weight of a folder under ``data``, by its name.
    aging : bool
        Whether the network sees lightness as old photographs have it, see
        :mod:`colortk.training.data.aging`.
    teacher : str
        A plugin whose predictions are ``teacher_share`` of the targets, see
        :mod:`colortk.training.loop.teacher`; empty for none.
    teacher_share : float
        0 to 1.
    resume : bool
        Continue from the checkpoint if there is one; otherwise an old checkpoint is discarded.
    plugin : str
        Name of the plugin; empty if unknown.
    init_from : tuple of str
        Plugins, or folders that ``fit`` wrote, whose weights, or the mean of whose weights, the
        training starts from. With it ``epochs`` may be 0, which publishes these weights.
    options : object, optional
        Instance of the plugin's ``train_options``.
    device : {"auto", "cpu", "gpu"}
        Where the network is computed.
    precision : {"float32", "bfloat16"}
        Numbers that the layers compute with.
    jobs : int
        Threads or processes that prepare pictures.
    command : str
        The command line, for the manifest.
    print_message : callable
        Prints one line.
    progress : Progress
        Reports the progress of a long step.
    """

    data: Path
    output: Path
    store: Path
    epochs: int | None = None
    batch_size: int | None = None
    samples: int | None = None
    side: int | None = None
    rate: float | None = None
    cooldown: float | None = None
    seed: int = 0
    emphasis: Mapping[str, float] = field(default_factory=dict)
    aging: bool = False
    teacher: str = ""
    teacher_share: float = 0.5
    resume: bool = False
    plugin: str = ""
    init_from: tuple[str, ...] = ()
    options: Any = None
    device: str = "auto"
    precision: str = "float32"
    jobs: int = 2
    command: str = ""
    print_message: Callable[[str], None] = print
    progress: Progress = field(default=silent)

    def refuse(self, *names: str) -> None:
        """Raise ``UsageError`` if an option that this trainer ignores is set.

        Parameters
        ----------
        *names : str
            Names of fields.
        """
        if self.epochs == 0 and "init_from" in names:
            raise UsageError("this plugin does not support --epochs 0", hint="leave it out")
        for name in names:
            default = type(self).__dataclass_fields__[name].default
            if getattr(self, name) not in (default, "cpu"):
                raise UsageError(
                    f"this plugin does not support --{name.replace('_', '-')}", hint="leave it out"
                )


def chunks(items: list[Any], size: int) -> Iterator[list[Any]]:
    """Yield ``items`` in lists of at most ``size``."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
