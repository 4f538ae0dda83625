"""Constants of the Gopher paper that all tools share."""

# Rae et al. 2021, A.1.1; our own lists for other languages are in filters/lists/stop_words.toml.
GOPHER_STOP_WORDS = frozenset({"the", "be", "to", "of", "and", "that", "have", "with"})
