"""The graph, versions, runs, wiring, live states."""
