"""A run folder: its data sets, commits and manifests, and what a finished run can be asked."""
