"""What a run will take before it is run: time, memory, shuffles, storage and cost, from figures of a run that was."""
