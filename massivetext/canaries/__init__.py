"""Canaries: texts whose fate in every stage is known beforehand, made from documents of a run."""
