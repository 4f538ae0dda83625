"""The command ``massivetext``: reads arguments, calls the other packages, prints results and errors."""
