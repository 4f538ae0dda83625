"""Which documents are copies of which: exact copies, MinHash candidates, exact verification, clusters, keepers."""
