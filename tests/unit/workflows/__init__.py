"""The graph, its plan, its wiring, what is stored of it."""
