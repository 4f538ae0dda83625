"""Every signal that can be measured, found through one list of signal groups."""

import functools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from massivetext.signals import (
    beside,
    blocklists,
    character_signals,
    code_shape,
    comments,
    encoded,
    garbled,
    language,
    line_counts,
    repetition,
    safety,
    unsafe,
    words,
)
from massivetext.signals.ported.ported_signals import PORTED_FAMILIES
from massivetext.signals.signal import Signal as Signal
from massivetext.signals.signal import describe
from massivetext.signals.signal_group import SignalGroup


@dataclass(frozen=True, eq=False)
class SignalRegistry:
    """Groups of signals that are measured for every text.

    Attributes:
        groups: the groups; their order is the order of the columns.
    """

    groups: tuple[SignalGroup, ...]

    def __post_init__(self) -> None:
        names = Counter(signal.name for group in self.groups for signal in group.signals)
        for name, groups in names.items():
            if groups > 1:
                raise ValueError(f"{name}: want every signal in one group, got it in two")

    @functools.cached_property
    def signals(self) -> dict[str, Signal]:
        """Signals that are measured for every text, by name."""
        return {signal.name: signal for group in self.groups for signal in group.signals}

    @functools.cached_property
    def all_signals(self) -> dict[str, Signal]:
        """The same and, after them, the ported signals, which are measured only if a rule set names them."""
        return self.signals | {signal.name: signal for signal in _ported()}

    def schema(self, readings: Sequence[str] = ()) -> pa.Schema:
        """Return the schema of the signals of a source: one row per document, no nulls.

        Args:
            readings: tools of which the ported signals are measured too; see :func:`readings_of`.
        """
        measured = [
            signal for name, signal in self.all_signals.items() if name in self.signals or signal.family in readings
        ]
        return pa.schema([pa.field(signal.name, signal.type, nullable=False) for signal in measured])


def _ported() -> list[Signal]:
    return [
        describe(
            f"{reading}_{signal.name}",
            signal.unit,
            signal.meaning,
            family=reading,
            source=described.source,
        )
        for reading, described in PORTED_FAMILIES.items()
        for signal in described.signals
    ]


# A new signal group is one module and one line here.
BUILT_IN = SignalRegistry(
    (
        words.GROUP,
        character_signals.GROUP,
        line_counts.GROUP,
        repetition.GROUP,
        language.GROUP,
        safety.GROUP,
        unsafe.GROUP,
        blocklists.GROUP,
        code_shape.GROUP,
        beside.PAGE_GROUP,
        comments.GROUP,
        encoded.GROUP,
        garbled.GROUP,
        beside.EDITS_GROUP,
    )
)
SIGNALS: dict[str, Signal] = BUILT_IN.signals
ALL: dict[str, Signal] = BUILT_IN.all_signals
schema = BUILT_IN.schema


def readings_of(signals: Iterable[str]) -> tuple[str, ...]:
    """Return the tools of which some of these signals are ported, in the order of the registry."""
    families = {ALL[name].family for name in signals}
    return tuple(reading for reading in PORTED_FAMILIES if reading in families)


def types() -> dict[str, pa.DataType]:
    """Return the Arrow type of every signal, ported ones too, as :func:`massivetext.rules.load_rule_set` expects it."""
    return {name: signal.type for name, signal in ALL.items()}
