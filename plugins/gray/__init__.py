"""No color: the floor of every table."""
