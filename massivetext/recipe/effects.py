"""Options of a recipe that change nothing beside its other options."""

from collections.abc import Iterator

import msgspec

from massivetext.recipe.structs import Recipe, RecordsOptions, SourceOptions, TokenizerOptions

_OF_TRAINING = ("vocabulary_size", "normalization", "training_bytes", "max_piece_length", "split_digits")
_OF_CROPS = ("bytes_per_token", "crops_per_group")


def options_without_effect(recipe: Recipe) -> list[str]:
    """Return a sentence for each option that differs from its default and changes nothing, and says why."""
    return [f"{option} has no effect: {reason}." for option, reason in _without_effect(recipe)]


def _without_effect(recipe: Recipe) -> Iterator[tuple[str, str]]:
    if recipe.tokenizer.model:
        reason = "no model is trained, since tokenizer.model is given"
        yield from ((f"tokenizer.{name}", reason) for name in _OF_TRAINING if _is_given(recipe.tokenizer, name))
    modes = {recipe.mode_of(source) for source in recipe.sources}
    if "pack" not in modes and recipe.records.splits is msgspec.UNSET and _is_given(recipe.records, "packing"):
        yield "records.packing", 'no source has mode "pack"'
    if "gopher" not in modes:
        reason = 'no source has mode "gopher"'
        yield from ((f"records.{name}", reason) for name in _OF_CROPS if _is_given(recipe.records, name))
    yield from _epochs_without_effect(recipe)


def _epochs_without_effect(recipe: Recipe) -> Iterator[tuple[str, str]]:
    has_budget = recipe.records.wanted_sequences is not None
    tables: dict[str, RecordsOptions | SourceOptions] = {"records": recipe.records}
    tables |= {f"sources.{name}": source for name, source in recipe.sources.items()}
    for table, options in tables.items():
        if has_budget and options.epochs not in (1, msgspec.UNSET):
            yield f"{table}.epochs", "records.sequences or records.tokens decides how often documents are read"
        if not has_budget and options.max_epochs is not msgspec.UNSET:
            yield f"{table}.max_epochs", "it bounds records.sequences or records.tokens, and neither is given"


def _is_given(options: TokenizerOptions | RecordsOptions, name: str) -> bool:
    return getattr(options, name) not in (getattr(type(options)(), name), msgspec.UNSET)
