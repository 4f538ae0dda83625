"""Estimates for a run before it starts: time, memory, shuffles, storage and cost, from the figures of finished runs."""
