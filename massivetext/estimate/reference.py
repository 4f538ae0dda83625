"""The run that plans rest on where the user has none: its figures, in ``reference.json`` beside this module.

It was made by ``benchmarks/reference.py``, which says how.
"""

from pathlib import Path

import msgspec

from massivetext.estimate.measured import Measurement

_PATH = Path(__file__).with_name("reference.json")


def reference() -> Measurement:
    """The figures of the reference run."""
    return msgspec.json.decode(_PATH.read_bytes(), type=Measurement)
