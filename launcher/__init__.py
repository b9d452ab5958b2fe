"""Starts every part on one machine and keeps it running: make demo, make run."""
