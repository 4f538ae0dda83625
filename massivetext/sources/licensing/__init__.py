"""Licences of source code: what a repository and its files say of them, and files that nobody wrote."""
