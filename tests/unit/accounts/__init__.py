"""Accounts: the pure parts."""
