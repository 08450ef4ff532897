"""What ``colortk fit`` asks of a plugin's trainer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from colortk.errors import UsageError
from colortk.runtime.progress import Progress, silent


@dataclass(frozen=True)
class TrainRequest:
    """Pictures in, a folder of artifacts with a manifest out.

    ``plugin``: its name; empty says nothing of it. ``data``: folder of pictures, searched through. ``output``: where artifacts, manifest, curve
    and checkpoints go; a checkpoint's name starts with ``checkpoint``, and it is removed after the
    manifest, which is the last of all, is written. ``store``: folder of the pickled intermediates. ``epochs``,
    ``batch_size``, ``samples`` (pictures of an epoch), ``side`` (of the crops), ``rate`` (of
    learning, at first): ``None`` is the trainer's own default.
    ``emphasis``: factors on the weight of
    folders under ``data``. ``aging``: show the network lightness as :mod:`.aging` makes it.
    ``teacher``: a plugin whose answers are ``teacher_share`` of the targets (:mod:`.teacher`). ``resume``: go on from the checkpoint if there is one; otherwise an old
    one is discarded. ``init_from``: plugins, or folders that ``fit`` wrote, to take weights from, or the mean
    of theirs; with it ``epochs`` may be 0, which keeps them.
    ``options``: the trainer's own, as its spec's ``train_options`` declares them, or ``None``.
    ``device``: auto, cpu or gpu. ``precision``: float32 or bfloat16. ``say``: takes one line of narration.
    """

    data: Path
    output: Path
    store: Path
    epochs: int | None = None
    batch_size: int | None = None
    samples: int | None = None
    side: int | None = None
    rate: float | None = None
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
    say: Callable[[str], None] = print
    progress: Progress = field(default=silent)

    def refuse(self, *names: str) -> None:
        """Raise ``UsageError`` if one of the fields ``names``, which a trainer ignores, is set."""
        if self.epochs == 0 and "init_from" in names:
            raise UsageError("--epochs 0 means nothing to this plugin", hint="leave it out")
        for name in names:
            default = type(self).__dataclass_fields__[name].default
            if getattr(self, name) not in (default, "cpu"):
                raise UsageError(
                    f"--{name.replace('_', '-')} means nothing to this plugin", hint="leave it out"
                )


def chunks(items: list[Any], size: int) -> Iterator[list[Any]]:
    """``items`` in pieces of at most ``size``."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
