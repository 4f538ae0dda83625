"""Questions to a finished run, answered from its stored files: what it holds, and what other rules would keep."""
