"""The pure parts of imports."""
