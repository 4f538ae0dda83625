"""Recipes: TOML files that say what is built, read into frozen structs; unknown keys are errors."""

from massivetext.recipe.effects import options_without_effect as options_without_effect
from massivetext.recipe.kinds import KINDS as KINDS
from massivetext.recipe.kinds import PAPER_LICENCES as PAPER_LICENCES
from massivetext.recipe.kinds import Kind as Kind
from massivetext.recipe.kinds import KindName as KindName
from massivetext.recipe.loading import LoadedRecipe as LoadedRecipe
from massivetext.recipe.loading import load_recipe as load_recipe
from massivetext.recipe.loading import parse_recipe as parse_recipe
from massivetext.recipe.structs import Action as Action
from massivetext.recipe.structs import BlocklistOptions as BlocklistOptions
from massivetext.recipe.structs import CanaryKind as CanaryKind
from massivetext.recipe.structs import CanaryOptions as CanaryOptions
from massivetext.recipe.structs import ContaminationAction as ContaminationAction
from massivetext.recipe.structs import DecontaminateOptions as DecontaminateOptions
from massivetext.recipe.structs import DedupOptions as DedupOptions
from massivetext.recipe.structs import GuardOptions as GuardOptions
from massivetext.recipe.structs import IngestOptions as IngestOptions
from massivetext.recipe.structs import MeasureOptions as MeasureOptions
from massivetext.recipe.structs import Mode as Mode
from massivetext.recipe.structs import NearOptions as NearOptions
from massivetext.recipe.structs import Options as Options
from massivetext.recipe.structs import Recipe as Recipe
from massivetext.recipe.structs import RecordsOptions as RecordsOptions
from massivetext.recipe.structs import SourceOptions as SourceOptions
from massivetext.recipe.structs import SplitOptions as SplitOptions
from massivetext.recipe.structs import TokenizerOptions as TokenizerOptions
