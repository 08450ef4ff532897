"""A network that predicts the mean A and B of a picture (document 000)."""
