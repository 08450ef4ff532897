"""DDColor, by Kang et al. (2023)."""
