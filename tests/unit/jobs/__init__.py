"""Jobs without a store: what can be decided from values alone."""
