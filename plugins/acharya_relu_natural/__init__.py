"""ReLU network, transferred from faces to groceries (Acharya 2022)."""
