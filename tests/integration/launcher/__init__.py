"""The launcher with real servers and processes."""
