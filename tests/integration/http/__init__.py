"""The HTTP layer on real servers."""
