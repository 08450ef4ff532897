"""A network that predicts the picture's mean A and B, and tints it evenly."""
