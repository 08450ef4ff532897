"""EfficientNet-Lite2 and a U-Net decoder that says how likely each colour is: our own colorizer."""
