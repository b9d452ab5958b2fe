"""The event bus, without sockets."""
