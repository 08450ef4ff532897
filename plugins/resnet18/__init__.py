"""A ResNet-18 encoder with a small decoder (Kazerooni and Mehmetoğlu)."""
