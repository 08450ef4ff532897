"""Score plugins on films, with the store and the workers of pictures."""
