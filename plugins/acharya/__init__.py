"""Code that the five plugins of Acharya (2022) share."""
