"""Beam runners: starting their workers, checking their options, running jobs, and a local Spark cluster for trials."""
