"""Dense SIFT features and two networks of sigmoids."""
