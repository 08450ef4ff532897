"""Options of a batch: how pictures are colorized, where results go, and which processes work."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from colortk.guidance.options import GuidanceOptions
from colortk.io.decode import MAX_PIXELS
from colortk.plugin.spec import DEFAULT
from colortk.runtime.loading import PluginRequest

#: The name that means standard input among inputs, and standard output as an output.
STANDARD_STREAM = "-"
DEFAULT_SUFFIX = "-colorized"


@dataclass(frozen=True)
class PictureOptions:
    """How each picture is colorized; sent to worker processes.

    Parameters
    ----------
    refine : str
        Name of the chroma refinement.
    strength : float
        Factor on chroma, 0 to 2.
    extension : str or None
        File type of the results; ``None`` keeps the type of the input.
    max_pixels : int
        Larger pictures are refused.
    allow_truncated : bool
        Colorize the part of a damaged file that can be decoded.
    intermediates : Path or None
        Folder to which predicted A and B are pickled.
    guidance : GuidanceOptions or None
        Colors that the user set.
    variants : int or None
        Versions of each picture; ``None`` is one picture without a number in its name.
    seed : int
        Of the choice of versions.
    """

    refine: str = "ratio"
    strength: float = 1.0
    extension: str | None = None
    max_pixels: int = MAX_PIXELS
    allow_truncated: bool = False
    intermediates: Path | None = None
    guidance: GuidanceOptions | None = None
    variants: int | None = None
    seed: int = 0


@dataclass(frozen=True)
class BatchOptions:
    """Everything that a batch needs besides its inputs.

    Parameters
    ----------
    output : Path or None
        Output file or folder; ``None`` writes each result beside its input, and ``-`` writes the
        only result to standard output.
    output_is_folder : bool
        ``output`` is a folder that is made if it does not exist.
    suffix : str
        Added to the names of results that are written beside their inputs.
    extension : str or None
        File type of the results, in lower case without a dot; ``None`` keeps the input's type.
    plugin : str
        Name of the colorizer.
    options : tuple of str
        Options of the plugin, each as ``name=value``.
    weights : Path or None
        Folder of weights that ``colortk fit`` wrote.
    refine : str
        Name of the chroma refinement.
    strength : float
        Factor on chroma, 0 to 2.
    max_pixels : int
        Larger pictures are refused.
    allow_truncated : bool
        Colorize the part of a damaged JPEG, PNG or TIFF that can be decoded.
    intermediates : Path or None
        Folder to which predicted A and B are pickled.
    guidance : GuidanceOptions or None
        Colors that the user set.
    variants : int or None
        Versions of each picture; ``None`` is one picture without a number in its name.
    seed : int
        Of the choice of versions.
    force : bool
        Overwrite results.
    skip_existing : bool
        Keep results that exist.
    resume : bool
        Skip pictures that an earlier run with the same options has finished.
    jobs : int or None
        Worker processes; 1 is this process, 0 one per core, and ``None`` one per core for many
        pictures and this process for few.
    threads : int or None
        Threads per worker process; ``None`` shares the cores between the processes.
    timeout : float or None
        Seconds for one picture.
    scheduler : str or None
        Address of a Dask scheduler whose workers do the work.
    """

    output: Path | None = None
    output_is_folder: bool = False
    suffix: str = DEFAULT_SUFFIX
    extension: str | None = None
    plugin: str = DEFAULT
    options: tuple[str, ...] = ()
    weights: Path | None = None
    refine: str = "ratio"
    strength: float = 1.0
    max_pixels: int = MAX_PIXELS
    allow_truncated: bool = False
    intermediates: Path | None = None
    guidance: GuidanceOptions | None = None
    variants: int | None = None
    seed: int = 0
    force: bool = False
    skip_existing: bool = False
    resume: bool = False
    jobs: int | None = None
    threads: int | None = None
    timeout: float | None = None
    scheduler: str | None = None

    @property
    def request(self) -> PluginRequest:
        """The plugin with its options and weights."""
        return PluginRequest(self.plugin, self.options, self.weights)

    @property
    def picture(self) -> PictureOptions:
        """The options that worker processes need."""
        return PictureOptions(
            self.refine,
            self.strength,
            self.extension,
            self.max_pixels,
            self.allow_truncated,
            self.intermediates,
            self.guidance,
            self.variants,
            self.seed,
        )
