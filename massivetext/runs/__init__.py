"""A run folder: its data sets, commits, manifests and log, and what its workers and readers know of the run."""
