"""Signals as other tools read the Gopher rules, measured only where a rule set asks for them.

They stand beside ours and never replace them. A reading is plain Python over one text; see ``docs/signals.md`` for
what that costs.
"""

from collections.abc import Callable, Iterable, Sequence

from massivetext.signals.readings import dolma
from massivetext.signals.readings.definitions import READINGS

_MEASURES: dict[str, Callable[[str], dict[str, float]]] = {"dolma": dolma.measure}


def measure(texts: Iterable[str], readings: Sequence[str]) -> dict[str, list[float]]:
    """The signals of some readings for every text, by name ("dolma_stop_word_count")."""
    columns: dict[str, list[float]] = {
        f"{reading}_{measurement.name}": [] for reading in readings for measurement in READINGS[reading].measurements
    }
    for text in texts:
        for reading in readings:
            for name, value in _MEASURES[reading](text).items():
                columns[f"{reading}_{name}"].append(value)
    return columns
