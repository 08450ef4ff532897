"""EfficientNet-Lite2 and a U-Net decoder that says how likely each color is: our own colorizer."""
