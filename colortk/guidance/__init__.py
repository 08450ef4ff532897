"""Colors that a user sets: hints, scribbles and masks, on top of any colorizer's prediction."""
