"""The contract between the host and colorizer plugins."""
