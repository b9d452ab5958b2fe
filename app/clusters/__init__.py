"""Clusters: credentials, connections, status, metadata."""
