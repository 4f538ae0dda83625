"""Training of the classifier for unsafe text, and figures about its quality."""
