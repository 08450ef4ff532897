"""The second floor: one colour for every picture."""
