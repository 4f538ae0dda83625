"""Import the readers of all formats: a process that forks workers imports this, so that they share the parsers."""

from massivetext.sources.source_formats import load_readers

load_readers()
