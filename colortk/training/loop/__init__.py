"""The training loop: batches, steps, losses, checkpoints."""
