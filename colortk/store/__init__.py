"""Trained artifacts and pickled intermediates: what is read is verified first."""
