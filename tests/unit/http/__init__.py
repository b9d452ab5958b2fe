"""The HTTP layer, without sockets."""
