"""What the paper fixes and every reading shares."""

# Rae et al. 2021, A.1.1; our own lists for other languages are in filters/lists/stop_words.toml.
STOP_WORDS = frozenset({"the", "be", "to", "of", "and", "that", "have", "with"})
