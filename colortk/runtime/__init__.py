"""Run plugins: worker processes, sandbox, messages between processes, provenance."""
