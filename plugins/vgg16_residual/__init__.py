"""VGG16 as encoder, with residual connections to a decoder (Zaman 2020)."""
