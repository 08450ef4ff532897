"""A network that predicts the mean A and B of a picture (Acharya 2022)."""
