"""A registry on the loopback, over HTTP."""
