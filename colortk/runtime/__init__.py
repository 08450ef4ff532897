"""What runs a plugin: worker processes, sandbox, messages between processes, provenance."""
