"""Training pictures: packed datasets, hashes that find near-duplicates."""
