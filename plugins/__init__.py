"""The colorizers that come with colortk, found by entry point like all other plugins."""
