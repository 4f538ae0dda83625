"""The sections of the page, each made from some fields of the report; empty if their stage is not complete."""
