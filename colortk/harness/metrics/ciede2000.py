"""The CIEDE2000 color difference (CIE 142-2001; Sharma, Wu, Dalal 2005, equations 2 to 22)."""

from __future__ import annotations

import math

import numpy as np

from colortk.types import Array, LabPlanes

_25_7 = 25.0**7
#: Pixels that are computed at a time, so that intermediates stay in the processor's cache.
BLOCK_PIXELS = 1 << 14


def _term(weight: float, degrees: float) -> tuple[float, float]:
    """``weight`` · cos(x + ``degrees``) as factors of cos x and sin x."""
    angle = math.radians(degrees)
    return weight * math.cos(angle), -weight * math.sin(angle)


_C1, _S1 = _term(-0.17, -30)
_C3, _S3 = _term(0.32, 6)
_C4, _S4 = _term(-0.20, -63)


def delta_e00_map(truth: Array, result: Array) -> Array:
    """Return the difference at every pixel, (H, W), of two CIELAB pictures (H, W, 3)."""
    first, second = (np.ascontiguousarray(np.moveaxis(lab, -1, 0)) for lab in (truth, result))
    return in_blocks((first[0], first[1], first[2]), (second[0], second[1], second[2]))


def in_blocks(first: LabPlanes, second: LabPlanes) -> Array:
    """Return :func:`ciede2000` of planes, in blocks that fit into the processor's cache."""
    first_flat, second_flat = ([plane.ravel() for plane in planes] for planes in (first, second))
    out = np.empty_like(first_flat[0])
    for start in range(0, out.size, BLOCK_PIXELS):
        at = slice(start, start + BLOCK_PIXELS)
        out[at] = ciede2000(
            (first_flat[0][at], first_flat[1][at], first_flat[2][at]),
            (second_flat[0][at], second_flat[1][at], second_flat[2][at]),
        )
    return out.reshape(first[0].shape)


def ciede2000(first: LabPlanes, second: LabPlanes) -> Array:
    """Return CIEDE2000 of L*, a* and b* planes of any shape, in their precision; kL = kC = kH = 1.

    Hues are unit vectors: their bisector is the mean hue, on the shorter arc, and multiples of the
    hue follow from multiple-angle formulas, so that a single arc tangent is needed.

    References
    ----------
    Sharma, Wu, Dalal 2005, "The CIEDE2000 color-difference formula".
    """
    (l1, a1, b1), (l2, a2, b2) = first, second
    scale = _seventh((_length(a1, b1) + _length(a2, b2)) * 0.5)
    scale *= -0.5
    scale += 1.5
    a1, a2 = a1 * scale, a2 * scale
    c1, c2 = _length(a1, b1), _length(a2, b2)
    dh, cos, sin = _hues((a1, b1, c1), (a2, b2, c2))
    chroma, dc = (c1 + c2) * 0.5, c2 - c1

    blue = np.arctan2(sin, cos)
    blue += (2 * math.pi) * (blue < 0)
    blue -= math.radians(275)
    blue *= 180 / math.pi / 25
    blue *= blue
    np.minimum(blue, 60, out=blue)  # no denormal numbers, which are slow, on the way to nothing
    np.exp(-blue, out=blue)
    rotation = np.sin(blue * (math.pi / 3)) * _seventh(chroma)

    dh /= _weight(cos, sin) * (0.015 * chroma) + 1
    dc /= 0.045 * chroma + 1
    mean_lightness_offset = (l1 + l2) * 0.5 - 50
    mean_lightness_offset *= mean_lightness_offset
    dl = (l2 - l1) / (0.015 * mean_lightness_offset / np.sqrt(mean_lightness_offset + 20) + 1)
    rotation *= -2 * dc
    rotation += dh
    rotation *= dh
    dl *= dl
    dc *= dc
    dl += dc
    dl += rotation
    out: Array = np.sqrt(np.maximum(dl, 0, out=dl))
    return out


def _hues(first: LabPlanes, second: LabPlanes) -> tuple[Array, Array, Array]:
    """Return ΔH', and cosine and sine of the mean hue, of two colors' a', b' and C'."""
    (a1, b1, c1), (a2, b2, c2) = first, second
    tiny = np.finfo(c1.dtype).tiny
    inverse = 1 / np.maximum(c1, tiny)
    u1, v1 = a1 * inverse, b1 * inverse
    inverse = 1 / np.maximum(c2, tiny)
    u2, v2 = a2 * inverse, b2 * inverse
    du, dv = u1 - u2, v1 - v2
    # |u1 - u2| is twice the sine of half the angle between them.
    dh = np.copysign(_length(du, dv) * np.sqrt(c1 * c2), u1 * v2 - v1 * u2)
    cos, sin = u1 + u2, v1 + v2
    length = _length(cos, sin)
    if length.min() < 1e-2:
        _average_opposites(length, (u1, v1), (du, dv), cos, sin, dh)
    inverse = 1 / np.maximum(length, tiny)
    cos *= inverse
    sin *= inverse
    return dh, cos, sin


def _average_opposites(
    length: Array, unit: tuple[Array, Array], difference: tuple[Array, Array],
    cos: Array, sin: Array, dh: Array,
) -> None:  # fmt: skip
    """Replace the mean of nearly opposite hues by their difference, turned by 90°.

    The sum of opposite unit vectors has no significant digits. If the hues are exactly opposite,
    both arcs are equally short, and the mean is the mean of the two angles in 0°..360° (Sharma et
    al., equations 10 and 14). The last four arguments are changed.
    """
    near = (length < 1e-2) & ((np.abs(difference[0]) + np.abs(difference[1])) > 1.1)
    upper = (unit[1] > 0) | ((unit[1] == 0) & (unit[0] > 0))
    du, dv = difference
    side = cos * -dv + sin * du
    exact = np.abs(side) < 8 * np.finfo(cos.dtype).eps
    sign = np.where(exact, np.where(upper, 1, -1), np.sign(side)).astype(cos.dtype)
    width = np.maximum(_length(du, dv), 1)
    cos[near], sin[near] = (-dv * sign / width)[near], (du * sign / width)[near]
    dh[near & exact] = (sign * np.abs(dh))[near & exact]
    length[near] = 1


def _weight(cos: Array, sin: Array) -> Array:
    """Return T of the mean hue (equation 15), with multiples of the hue by its cosine and sine."""
    cos2 = 2 * cos * cos - 1
    t = (2 * _C4 * cos2 + 0.24) * cos2
    t += cos * ((2 * _C3) * cos2 + (_C1 - _C3))
    t += sin * ((2 * _S3) * cos2 + (_S1 + _S3) + (4 * _S4) * cos * cos2)
    out: Array = t + (1 - _C4)
    return out


def _length(a: Array, b: Array) -> Array:
    squares = a * a
    squares += b * b
    out: Array = np.sqrt(squares, out=squares)
    return out


def _seventh(chroma: Array) -> Array:
    """Return the root of C⁷ / (C⁷ + 25⁷)."""
    power = chroma * chroma
    power *= power * power
    power *= chroma
    power /= power + _25_7
    out: Array = np.sqrt(power, out=power)
    return out
