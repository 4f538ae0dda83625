"""The stages of a run as Beam jobs: wiring only; what they compute lives in the packages beside this one."""
