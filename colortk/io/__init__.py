"""Files in and out: decode, encode, metadata, limits, and the one atomic writer."""
