"""EfficientNet-Lite and a decoder that predicts the probability of each color."""
