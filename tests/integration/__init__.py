"""On the embedded servers."""
