"""Document 000's ReLU network, transferred from faces to fruit and vegetables."""
