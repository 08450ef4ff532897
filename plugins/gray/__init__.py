"""The floor of every table: no colour at all."""
