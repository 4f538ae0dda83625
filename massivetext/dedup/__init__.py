"""Duplicates: exact copies, MinHash candidate pairs, exact similarity, clusters, keepers."""
