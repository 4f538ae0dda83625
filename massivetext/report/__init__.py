"""What became of every document: the funnel, the report page, the trace of one document."""
