"""Bytes of input files: compressions, archives and encodings, within bounds."""
