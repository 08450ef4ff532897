"""The networks of LPIPS: how they are built, and how they are run."""
