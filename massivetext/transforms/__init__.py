"""Public PTransforms: the decisions of a run, for a Beam pipeline of your own.

A document is any row with the fields that a transform reads (``id``, ``text``), such as :class:`DocumentRow`.
Transforms that look at one document at a time add fields to its row. Transforms that compare documents yield verdicts
by id.

Each name is loaded on first use, so that a worker imports only the modules of the transforms that it runs.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from massivetext.transforms.apply_verdicts import ApplyVerdicts as ApplyVerdicts
    from massivetext.transforms.encode_tokens import EncodeTokens as EncodeTokens
    from massivetext.transforms.mark_contamination import MarkContamination as MarkContamination
    from massivetext.transforms.mark_exact import MarkExactDuplicates as MarkExactDuplicates
    from massivetext.transforms.mark_near import FindNearDuplicates as FindNearDuplicates
    from massivetext.transforms.mark_near import MarkNearDuplicates as MarkNearDuplicates
    from massivetext.transforms.mark_urls import MarkUrlDuplicates as MarkUrlDuplicates
    from massivetext.transforms.pcollection_rows import DocumentRow as DocumentRow
    from massivetext.transforms.pcollection_rows import DuplicatePair as DuplicatePair
    from massivetext.transforms.pcollection_rows import DuplicateVerdict as DuplicateVerdict
    from massivetext.transforms.pcollection_rows import RejectedRow as RejectedRow
    from massivetext.transforms.quality import JudgeRules as JudgeRules
    from massivetext.transforms.quality import MeasureSignals as MeasureSignals
    from massivetext.transforms.read_documents import ReadDocuments as ReadDocuments

_MODULES = {
    "ApplyVerdicts": "apply_verdicts",
    "DocumentRow": "pcollection_rows",
    "DuplicatePair": "pcollection_rows",
    "DuplicateVerdict": "pcollection_rows",
    "EncodeTokens": "encode_tokens",
    "FindNearDuplicates": "mark_near",
    "JudgeRules": "quality",
    "MarkContamination": "mark_contamination",
    "MarkExactDuplicates": "mark_exact",
    "MarkNearDuplicates": "mark_near",
    "MarkUrlDuplicates": "mark_urls",
    "MeasureSignals": "quality",
    "ReadDocuments": "read_documents",
    "RejectedRow": "pcollection_rows",
}
__all__ = list(_MODULES)


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
