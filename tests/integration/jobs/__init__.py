"""Leases and jobs on the real store; the doorbell on a real Redis."""
