"""On a real cluster."""
