"""The second floor: one color for every picture."""
