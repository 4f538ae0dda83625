"""Ported signals: the signals of the Gopher rules as other tools compute them.

They are measured besides ours, and only for sources whose rule sets use them. Each tool is plain Python over one text;
``docs/signals.md`` gives the cost.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from massivetext.signals.ported.ported_signals import PORTED_FAMILIES


def measure_ported(texts: Iterable[str], readings: Sequence[str]) -> dict[str, npt.NDArray[np.float64 | np.int64]]:
    """Return the ported signals of some tools for every text, by name ("dolma_stop_word_count")."""
    found: dict[str, list[float]] = {
        f"{reading}_{signal.name}": [] for reading in readings for signal in PORTED_FAMILIES[reading].signals
    }
    measures = [(reading, _measures()[reading]) for reading in readings]
    for text in texts:
        for reading, measure_one in measures:
            values = measure_one(text)
            for signal in PORTED_FAMILIES[reading].signals:
                found[f"{reading}_{signal.name}"].append(values.get(signal.name, 0))
    return {name: np.array(values) for name, values in found.items()}


def _measures() -> dict[str, Callable[[str], dict[str, float]]]:
    # Their patterns take 20 ms to compile: only for processes that measure ported signals.
    from massivetext.signals.ported import datatrove, dclm, dolma, nemo, redpajama2

    return {
        "datatrove": datatrove.datatrove_signals,
        "dclm": dclm.dclm_signals,
        "dolma": dolma.dolma_signals,
        "nemo": nemo.nemo_signals,
        "redpajama2": redpajama2.redpajama2_signals,
    }
