"""The launcher, as far as it opens no socket."""
