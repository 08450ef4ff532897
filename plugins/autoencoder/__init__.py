"""A fully convolutional autoencoder from lightness to chroma (Darban 2024)."""
