"""Color conversion, gamut refinement and resampling of chroma."""
