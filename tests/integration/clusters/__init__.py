"""Clusters on the real store."""
