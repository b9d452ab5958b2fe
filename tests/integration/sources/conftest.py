"""A Git host on the loopback, and what clones from it."""

from tests.git_clones import cloner, server

__all__ = ["cloner", "server"]  # fixtures
