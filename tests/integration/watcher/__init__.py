"""The watching process on the embedded store, with shards that only remember."""
