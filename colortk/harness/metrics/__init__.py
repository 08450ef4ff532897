"""Scores of a colorized picture against its original, one a file.

Each is ``function(truth, result) -> float`` on two uint8 (H, W, 3) sRGB pictures.
"""
