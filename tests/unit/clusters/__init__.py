"""Clusters: the pure parts."""
