"""Dense SIFT features and two networks of sigmoids (Team 2)."""
