"""Read, split, cache, crop, augment and pack training pictures."""
