"""Training of the classifier for unsafe text, and the figures that say how far it can be trusted."""
