"""Score every plugin on the same pictures, from the same lightness, with the same metrics."""
