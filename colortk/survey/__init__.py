"""Surveys that ask people whether pictures are real or colorized."""
