"""Rendering of comparisons and surveys: terminal, HTML, Markdown, CSV."""
