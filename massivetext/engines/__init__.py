"""Engines other than the embedded one: what they need on this machine, and a local cluster to try them on."""
