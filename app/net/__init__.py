"""The guard for outbound addresses."""
