"""The node types over HTTP."""
