"""What runs in a cluster: status per kind."""
