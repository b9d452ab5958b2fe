"""Templates and their validation: tables, and the property that no value can leave its place."""
