"""Records in the formats of other readers: one module per format, and the export of a finished run."""
