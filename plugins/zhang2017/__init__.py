"""The network of Zhang et al., "Real-Time User-Guided Image Colorization" (2017)."""
