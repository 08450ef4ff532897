"""Document 000's tanh network, trained on faces."""
