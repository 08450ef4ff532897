"""Films in a comparison: the same plugins, scores and store as for pictures, frame after frame."""
