"""Document 000's ReLU network, trained on faces."""
