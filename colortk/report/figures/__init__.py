"""Figures of a comparison for papers, as vector PDF files drawn by matplotlib."""
