"""massivetext: from raw web crawls, books, news, code and Wikipedia to training shards for language models.

Public names are loaded on first use, so that ``import massivetext`` is quick and imports neither Beam nor a compiler.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from massivetext.api import CheckResult as CheckResult
    from massivetext.api import RunResult as RunResult
    from massivetext.api import SourceCheck as SourceCheck
    from massivetext.api import check as check
    from massivetext.api import load_recipe as load_recipe
    from massivetext.api import run as run
    from massivetext.corpus.opened_run import OpenedRun as OpenedRun
    from massivetext.corpus.opened_run import open as open  # noqa: A004 - it is called as massivetext.open
    from massivetext.errors import MassivetextError as MassivetextError
    from massivetext.errors import StageError as StageError
    from massivetext.errors import UserError as UserError
    from massivetext.loader import load as load
    from massivetext.recipe import LoadedRecipe as LoadedRecipe
    from massivetext.transforms import ApplyVerdicts as ApplyVerdicts
    from massivetext.transforms import DocumentRow as DocumentRow
    from massivetext.transforms import DuplicatePair as DuplicatePair
    from massivetext.transforms import DuplicateVerdict as DuplicateVerdict
    from massivetext.transforms import EncodeTokens as EncodeTokens
    from massivetext.transforms import FindNearDuplicates as FindNearDuplicates
    from massivetext.transforms import JudgeRules as JudgeRules
    from massivetext.transforms import MarkContamination as MarkContamination
    from massivetext.transforms import MarkExactDuplicates as MarkExactDuplicates
    from massivetext.transforms import MarkNearDuplicates as MarkNearDuplicates
    from massivetext.transforms import MarkUrlDuplicates as MarkUrlDuplicates
    from massivetext.transforms import MeasureSignals as MeasureSignals
    from massivetext.transforms import ReadDocuments as ReadDocuments
    from massivetext.transforms import RejectedRow as RejectedRow

__version__ = "0.1.0"

_MODULES = {
    "ApplyVerdicts": "transforms",
    "CheckResult": "api",
    "DocumentRow": "transforms",
    "DuplicatePair": "transforms",
    "DuplicateVerdict": "transforms",
    "EncodeTokens": "transforms",
    "FindNearDuplicates": "transforms",
    "JudgeRules": "transforms",
    "LoadedRecipe": "recipe",
    "MarkContamination": "transforms",
    "MarkExactDuplicates": "transforms",
    "MarkNearDuplicates": "transforms",
    "MarkUrlDuplicates": "transforms",
    "MassivetextError": "errors",
    "MeasureSignals": "transforms",
    "OpenedRun": "corpus.opened_run",
    "ReadDocuments": "transforms",
    "RejectedRow": "transforms",
    "RunResult": "api",
    "SourceCheck": "api",
    "StageError": "errors",
    "UserError": "errors",
    "check": "api",
    "load": "loader",
    "load_recipe": "api",
    "open": "corpus.opened_run",
    "run": "api",
}
__all__ = ["__version__", *_MODULES]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
