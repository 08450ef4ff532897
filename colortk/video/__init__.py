"""Films: read, colorize, smooth, encode and join them, and show them live."""
