"""Faster layers and optimizer for the PyTorch backend."""
