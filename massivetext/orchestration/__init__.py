"""Runs a recipe from its inputs to its report: plans shards, computes stage keys, resumes."""
