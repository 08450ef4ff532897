"""No color: the reference in every table."""
