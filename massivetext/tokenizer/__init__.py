"""Training of a SentencePiece model, and encoding with it."""
