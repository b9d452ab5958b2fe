"""Mirrors app/ and workers/; faults/ and security/ by the numbers of the check list."""
