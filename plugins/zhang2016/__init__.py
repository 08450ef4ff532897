"""The network of Zhang, Isola and Efros, "Colorful Image Colorization" (2016)."""
