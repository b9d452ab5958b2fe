"""The same tests against the practice cluster and a real API server, so that drift between them shows.

What the practice cluster does otherwise is listed in `differences`, each with its reason.
"""
