"""Imports by their routes, on the real store."""
