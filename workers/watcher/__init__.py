"""The watching process: shards, loops, dispatch to the domains' consumers."""
