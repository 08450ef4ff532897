"""Code that the five plugins of document 000 (Acharya 2022) share."""
