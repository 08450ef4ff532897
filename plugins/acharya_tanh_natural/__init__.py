"""Document 000's tanh network, transferred from faces to fruit and vegetables."""
