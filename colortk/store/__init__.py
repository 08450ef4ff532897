"""Trained artifacts and pickled intermediates. Files are verified before they are used."""
