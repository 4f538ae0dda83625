"""Test-set filtering: evaluation items, an index of their n-grams, and the overlap of a document with them."""
