"""Mongo connection, indexes, documents, sealed values. Knows no domain."""
