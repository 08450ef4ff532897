"""One color for every picture: the second floor."""
