"""Opens no socket."""
