"""Images by name, what registries ask for, what their answers mean."""
