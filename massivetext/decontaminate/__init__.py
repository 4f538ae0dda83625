"""Test-set filtering: items of test sets, an index of their n-grams, and the overlaps of documents with them."""
