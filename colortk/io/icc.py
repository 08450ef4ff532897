"""Embedded ICC profiles, converted to sRGB by LittleCMS."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

from colortk.io.bit_depth import to_8_bits
from colortk.io.icc_matrix import to_srgb
from colortk.types import Array


def profiled_8(image: Image.Image, profile: bytes, notes: list[str], name: str) -> Image.Image:
    """``image`` in sRGB, converted from its embedded ICC profile."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if image.mode == "L" and source.profile.xcolor_space.strip() == "RGB":
            color = image.convert("RGB")  # a color picture made gray that kept its profile
        else:
            color = image
        if _is_srgb(source, color.mode):
            return image
        converted = ImageCms.profileToProfile(
            color, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
        return image if converted is None else converted
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        notes.append(f"'{name}': its ICC profile was ignored: {' '.join(str(error).split())}")
        return image


def _is_srgb(source: ImageCms.ImageCmsProfile, mode: str) -> bool:
    """Whether converting from ``source`` changes nothing; its name proves nothing."""
    if mode not in ("L", "RGB"):
        return False
    steps = np.arange(0, 256, 15, dtype=np.uint8)
    if mode == "L":
        before = steps[None]
    else:
        before = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(1, -1, 3)
    probe = Image.fromarray(before)
    after = ImageCms.profileToProfile(
        probe, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    change = np.asarray(after).astype(int) - (before if mode == "RGB" else before[..., None])
    return bool(np.abs(change).max() <= 2)


def profiled_16(pixels: Array, profile: bytes | None, notes: list[str], name: str) -> Array:
    """Convert 16-bit pixels to sRGB. RGB profiles with lookup tables are applied at 8 bits."""
    if not profile:
        return pixels
    if pixels.ndim == 2:
        ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
        curve = np.asarray(profiled_8(ramp, profile, notes, name).convert("RGB"))[0, :, 1]
        offset = np.arange(65536) / 257.0
        return np.interp(offset, np.arange(256), curve * 257.0).astype(np.uint16)[pixels]
    exact = to_srgb(pixels, profile)
    if exact is not None:
        return exact
    image = Image.fromarray(to_8_bits(pixels))
    converted = profiled_8(image, profile, notes, name)
    if converted is image:
        return pixels
    notes.append(f"'{name}': its 16-bit colors were reduced to 8 bits for the conversion to sRGB")
    return np.asarray(converted).astype(np.uint16) * 257
