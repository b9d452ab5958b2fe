"""The event bus: publish, replay, fan-out. Knows no domain."""
