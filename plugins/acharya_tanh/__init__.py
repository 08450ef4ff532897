"""Tanh network, trained on faces (Acharya 2022)."""
