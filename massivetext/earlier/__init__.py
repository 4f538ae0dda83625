"""Earlier corpora: what a run has to know of them to remove documents that repeat one of theirs."""
