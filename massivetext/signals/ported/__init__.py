"""Signals as other tools read the Gopher rules, measured only where a rule set asks for them.

They stand beside ours and never replace them. A reading is plain Python over one text; see ``docs/signals.md`` for
what that costs.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from massivetext.signals.ported.ported_signals import READINGS


def measure(texts: Iterable[str], readings: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    """The signals of some readings for every text, by name ("dolma_stop_word_count")."""
    found: dict[str, list[float]] = {
        f"{reading}_{measurement.name}": [] for reading in readings for measurement in READINGS[reading].measurements
    }
    measures = [(reading, _measures()[reading]) for reading in readings]
    for text in texts:
        for reading, measure_one in measures:
            values = measure_one(text)
            for measurement in READINGS[reading].measurements:
                found[f"{reading}_{measurement.name}"].append(values.get(measurement.name, 0))
    return {name: np.array(values) for name, values in found.items()}


def _measures() -> dict[str, Callable[[str], dict[str, float]]]:
    # Their patterns take 20 ms to compile: only for processes that measure a reading.
    from massivetext.signals.ported import datatrove, dclm, dolma, nemo, redpajama2

    return {
        "datatrove": datatrove.measure,
        "dclm": dclm.measure,
        "dolma": dolma.measure,
        "nemo": nemo.measure,
        "redpajama2": redpajama2.measure,
    }
