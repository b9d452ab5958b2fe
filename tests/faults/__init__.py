"""Faults to survive, by number."""
