"""Options and inputs that do not fit together, refused before any work."""

from __future__ import annotations

import os
from collections.abc import Sequence

from colortk.batch.inputs import InputItem
from colortk.batch.options import STANDARD_STREAM, BatchOptions
from colortk.errors import UsageError
from colortk.io.encode import OUTPUT_FORMATS, extension_of, known_format


def check_options(options: BatchOptions, items: Sequence[InputItem]) -> None:
    """Refuse options that would make every picture fail.

    Parameters
    ----------
    options : BatchOptions
    items : sequence of InputItem
        The pictures of the batch.

    Raises
    ------
    UsageError
        Two options contradict each other, or the output does not fit the number of pictures.
    """
    if options.extension is not None:
        known_format(options.extension)
    if "/" in options.suffix or os.sep in options.suffix:
        reason = "a suffix is a part of a file name and cannot contain a folder"
        raise UsageError(f"--suffix {options.suffix}", reason, "use -o to name a folder")
    if options.force and options.skip_existing:
        reason = "the first overwrites results, the second keeps them"
        raise UsageError("--force and --skip-existing exclude each other", reason, "leave one out")
    if sum(item.name == STANDARD_STREAM for item in items) > 1:
        raise UsageError(
            "'-' is given more than once", "standard input holds one picture", "give '-' once"
        )
    single = options.guidance.of_one_picture if options.guidance is not None else []
    if single and (len(items) > 1 or any(item.folder is not None for item in items)):
        reason = "it applies to one picture, and there may be several"
        hint = "name one picture, or use --hints auto with files beside the pictures"
        raise UsageError(f"{single[0]} cannot be used", reason, hint)
    if options.variants is not None:
        _check_variants(options, items)
    if options.output is None:
        return
    if str(options.output) == STANDARD_STREAM:
        if len(items) > 1:
            reason = f"{len(items)} pictures are given, and standard output takes one"
            raise UsageError("-o - cannot be used", reason, "use -o with a folder")
        return
    if not options.output.is_dir():
        _check_output(options, items)


def _check_variants(options: BatchOptions, items: Sequence[InputItem]) -> None:
    """Check that a plugin can make versions, and that each has a place of its own."""
    from colortk.guidance.variants import check_variants
    from colortk.plugin.registry import registry
    from colortk.runtime.loading import need_samples

    assert options.variants is not None
    check_variants(options.variants, options.seed)
    need_samples(registry().colorizer(options.plugin)[1])
    has_stdin = any(item.name == STANDARD_STREAM for item in items)
    if str(options.output) == STANDARD_STREAM or (has_stdin and options.output is None):
        reason = "standard output takes one picture, and each variant is one"
        raise UsageError("--variants cannot be used", reason, "use -o with a file or a folder")
    if options.intermediates is not None:
        reason = "the store keeps one prediction of each picture"
        raise UsageError("--variants and --keep-intermediates exclude each other", reason)


def _check_output(options: BatchOptions, items: Sequence[InputItem]) -> None:
    """Check an ``output`` that is not an existing folder."""
    output = options.output
    assert output is not None
    if options.output_is_folder:
        if output.exists():
            raise UsageError(
                f"-o '{output}/' must be a folder", "it is a file", "name another folder"
            )
        return  # it is made before the first result is written
    if any(item.folder is not None for item in items):
        if output.exists() or extension_of(output) in OUTPUT_FORMATS:
            reason = "it is a file" if output.exists() else "its name is that of a picture"
            hint = f"name a folder, as -o '{output.with_suffix('')}/'"
            raise UsageError(f"-o '{output}' must be a folder for the pictures found", reason, hint)
        return  # made, too
    if len(items) > 1:
        reason = "it is a file" if output.exists() else "it does not exist"
        hint = (
            "name another folder"
            if output.exists()
            else f"to create the folder, write -o '{output}/'"
        )
        raise UsageError(f"-o '{output}' must be a folder for {len(items)} pictures", reason, hint)
    if not output.suffix and options.extension is None:
        raise UsageError(
            f"-o '{output}' has no file type",
            "it is not a folder, and its name has no extension",
            f"add .png, or make it a folder: -o '{output}/'",
        )
    if output.suffix:
        file_type = known_format(extension_of(output))
        if options.extension is not None and known_format(options.extension) != file_type:
            raise UsageError(
                f"-o '{output}' and --ext {options.extension} contradict each other",
                "they name different file types",
                "leave --ext out",
            )
