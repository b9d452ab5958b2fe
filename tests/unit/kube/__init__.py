"""The connection to clusters: what it sends, how it fails, how it follows."""
