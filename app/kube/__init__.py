"""A cluster's connection: requests, apply, watch loop, discovery. Knows no domain."""
