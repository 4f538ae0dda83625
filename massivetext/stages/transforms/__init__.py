"""The stages as PTransforms for a pipeline of one's own: the same functions, so the same decisions as a run's.

A document is any row with the fields that a transform reads (``id``, ``text``), such as :class:`DocumentRow`.
Transforms that look at one document at a time add fields to its row; those that compare documents give verdicts
by id.
"""

from massivetext.stages.transforms.contamination import MarkContamination as MarkContamination
from massivetext.stages.transforms.exact import MarkExactDuplicates as MarkExactDuplicates
from massivetext.stages.transforms.near import FindNearDuplicates as FindNearDuplicates
from massivetext.stages.transforms.near import MarkNearDuplicates as MarkNearDuplicates
from massivetext.stages.transforms.quality import JudgeRules as JudgeRules
from massivetext.stages.transforms.quality import MeasureSignals as MeasureSignals
from massivetext.stages.transforms.read import ReadDocuments as ReadDocuments
from massivetext.stages.transforms.rows import DocumentRow as DocumentRow
from massivetext.stages.transforms.rows import DuplicatePair as DuplicatePair
from massivetext.stages.transforms.rows import DuplicateVerdict as DuplicateVerdict
from massivetext.stages.transforms.rows import RejectedRow as RejectedRow
from massivetext.stages.transforms.tokens import EncodeTokens as EncodeTokens
from massivetext.stages.transforms.verdicts import ApplyVerdicts as ApplyVerdicts
