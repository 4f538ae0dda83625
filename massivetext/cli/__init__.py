"""The command ``massivetext``: reads arguments, calls the rest, prints results and errors."""
