"""The name that marks what belongs to canaries, in a module that needs no library."""

CANARIES = "canaries"  # folder in a run, and prefix of the names of commits and counts
