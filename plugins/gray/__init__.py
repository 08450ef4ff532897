"""The floor of every table: no color at all."""
