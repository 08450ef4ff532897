"""SIFT features and two sigmoid networks (Team 2)."""
