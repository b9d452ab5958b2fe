"""The pure parts of the watching process."""
