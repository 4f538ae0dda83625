"""Signals as other tools read the Gopher rules, measured only where a rule set asks for them.

They stand beside ours and never replace them. A reading is plain Python over one text; see ``docs/signals.md`` for
what that costs.
"""

from collections.abc import Callable, Iterable, Sequence

from massivetext.signals.readings import datatrove, dclm, dolma, nemo, redpajama2
from massivetext.signals.readings.definitions import READINGS

_MEASURES: dict[str, Callable[[str], dict[str, float]]] = {
    "datatrove": datatrove.measure,
    "dclm": dclm.measure,
    "dolma": dolma.measure,
    "nemo": nemo.measure,
    "redpajama2": redpajama2.measure,
}


def measure(texts: Iterable[str], readings: Sequence[str]) -> dict[str, list[float]]:
    """The signals of some readings for every text, by name ("dolma_stop_word_count")."""
    columns: dict[str, list[float]] = {
        f"{reading}_{measurement.name}": [] for reading in readings for measurement in READINGS[reading].measurements
    }
    for text in texts:
        for reading in readings:
            found = _MEASURES[reading](text)
            for measurement in READINGS[reading].measurements:
                columns[f"{reading}_{measurement.name}"].append(found.get(measurement.name, 0))
    return columns
