"""Attacks to refuse, by number."""
