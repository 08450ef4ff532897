"""The same pictures, the same grey input, the same scores for every plugin."""
