"""Figures of the reference run, for plans without a run of the user's own.

They are in ``reference.json`` beside this module, which ``benchmarks/reference.py`` writes.
"""

from pathlib import Path

import msgspec

from massivetext.estimate.measured import MeasuredRun

_PATH = Path(__file__).with_name("reference.json")


def reference() -> MeasuredRun:
    """Return the figures of the reference run."""
    return msgspec.json.decode(_PATH.read_bytes(), type=MeasuredRun)
