"""Faster layers and optimizers for the PyTorch backend."""
