"""Files that deployments are made from."""
