"""The stages of a run as Beam jobs: wiring only; what they compute lives in the packages beside this one.

The names here are for pipelines of one's own; see :mod:`massivetext.stages.transforms`. They are loaded when they are
asked for: a worker of one stage does not load what the others need.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from massivetext.stages.transforms import ApplyVerdicts as ApplyVerdicts
    from massivetext.stages.transforms import DocumentRow as DocumentRow
    from massivetext.stages.transforms import DuplicatePair as DuplicatePair
    from massivetext.stages.transforms import DuplicateVerdict as DuplicateVerdict
    from massivetext.stages.transforms import EncodeTokens as EncodeTokens
    from massivetext.stages.transforms import FindNearDuplicates as FindNearDuplicates
    from massivetext.stages.transforms import JudgeRules as JudgeRules
    from massivetext.stages.transforms import MarkContamination as MarkContamination
    from massivetext.stages.transforms import MarkExactDuplicates as MarkExactDuplicates
    from massivetext.stages.transforms import MarkNearDuplicates as MarkNearDuplicates
    from massivetext.stages.transforms import MeasureSignals as MeasureSignals
    from massivetext.stages.transforms import ReadDocuments as ReadDocuments
    from massivetext.stages.transforms import RejectedRow as RejectedRow

__all__ = [
    "ApplyVerdicts",
    "DocumentRow",
    "DuplicatePair",
    "DuplicateVerdict",
    "EncodeTokens",
    "FindNearDuplicates",
    "JudgeRules",
    "MarkContamination",
    "MarkExactDuplicates",
    "MarkNearDuplicates",
    "MeasureSignals",
    "ReadDocuments",
    "RejectedRow",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from massivetext.stages import transforms

        return getattr(transforms, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
