"""The inputs of the tab "Colorize"."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from colortk.errors import UsageError
from colortk.ui.kept_predictions import picture_id
from colortk.ui.page_hints import PictureHints
from colortk.ui.picture_conversion import UploadOptions
from colortk.ui.plugin_pool import ChosenPlugin
from colortk.ui.version_picker import parse_choice

if TYPE_CHECKING:
    from colortk.ui.event_handlers import AppContext

#: File types of a result, as label and extension.
TYPES = [("As uploaded", ""), ("PNG", "png"), ("JPEG", "jpg"), ("TIFF", "tif"), ("WebP", "webp")]


@dataclass(frozen=True)
class ColorizeInputs:
    """The inputs of the tab, in the order in which Gradio passes their values.

    Parameters
    ----------
    file : str
        Path of the upload.
    label : str
        Label of the plugin.
    strength : float
        Factor on chroma.
    refine : str
        Name of a chroma refinement.
    keep_border : bool
        Leave borders and mounts gray.
    edits : str or None
        The message of the editor, see :func:`.page_hints.parse_hints`.
    kind : str
        Type of the result; "" is the type of the upload.
    choice : str or None
        The message of the choice of a version, see :func:`.version_picker.parse_choice`.
    vividness : float
        The plugin's option of this name, if it has one.
    reference : str or None
        Path of an uploaded picture for the plugin's option of this name, if it has one.
    """

    file: str
    label: str
    strength: float
    refine: str
    keep_border: bool
    edits: str | None
    kind: str
    choice: str | None
    vividness: float
    reference: str | None

    @property
    def name(self) -> str:
        """Name of the uploaded file."""
        return Path(self.file).name

    def choose(self, app: AppContext) -> ChosenPlugin:
        """Return the plugin with the options."""
        return app.pool.choose(self.label, self.vividness, self.reference)

    def prepare(self, app: AppContext) -> str:
        """Check the reference, if the plugin takes one, before the plugin reads it.

        Returns the kind of work, by which its duration is estimated. Raises ``PictureError`` if the
        reference cannot be decoded.
        """
        if not self.reference or not app.pool.takes_reference(self.label):
            return self.label
        app.limits.decode_reference(Path(self.reference))
        return f"{self.label} with a reference"

    def options(self, edits: PictureHints) -> UploadOptions:
        """Return the settings for the picture. ``edits``: the parsed message of the editor."""
        if self.kind not in [value for _, value in TYPES]:
            raise UsageError(f"a result cannot have the type '{self.kind}'")
        picture = picture_id(self.file)
        return UploadOptions(
            clip_strength(self.strength), self.refine, self.kind, edits.of(picture),
            bool(self.keep_border), edits.mask_of(picture),
            parse_choice(self.choice).of(picture, self.label),
        )  # fmt: skip


def clip_strength(value: float) -> float:
    """Return a strength that the page allows."""
    return min(2.0, max(0.0, float(value)))
