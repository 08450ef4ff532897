"""The training loop: steps, losses, optimizer, checkpoints."""
