"""Leases, beats, fences, claims, cancel, attempts, over any collection. Knows no domain."""
