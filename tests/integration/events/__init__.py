"""The event bus on a real Redis."""
