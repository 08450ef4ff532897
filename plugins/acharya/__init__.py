"""Mean chrominance and colorizers over rows and columns as channels (Acharya 2022)."""
