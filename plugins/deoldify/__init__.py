"""DeOldify, by Antic (2019)."""
