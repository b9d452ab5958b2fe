"""Accounts over HTTP and on the real store."""
