"""The functions of ``import colortk``, for scripts and notebooks."""
