"""Templates to Kubernetes objects, and their validation."""
