"""Surveys in which raters choose the more natural of two versions of a picture."""
