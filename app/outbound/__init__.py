"""Requests to hosts that people name: Git hosts, files by URL, image registries. Knows none of them.

exchange    one request and its answer: each address judged, limits of time and size, no redirect followed unasked
"""
