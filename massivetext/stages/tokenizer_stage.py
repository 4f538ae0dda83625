"""Tokenizer: a SentencePiece model, trained on a sample of the kept texts or copied from the recipe."""

from massivetext.runs.stage import RunPlan, Stage


def _key(plan: RunPlan) -> object:
    from massivetext.storage import files as fs
    from massivetext.tokenizer.model_files import model_path

    recipe, model = plan.recipe, plan.recipe.tokenizer.model
    weights = {name: str(weight) for name, weight in recipe.weights.items()}
    key = [recipe.seed, recipe.tokenizer, weights, model and fs.digest(model_path(plan.loaded.root, model))]
    # Sources that agree in normalisation add nothing: recipes without such an option keep their keys.
    return (
        [*key, {name: recipe.normalization_of(name) for name in recipe.sources}] if recipe.normalizes_by_source else key
    )


def _describe(plan: RunPlan) -> str:
    options = plan.recipe.tokenizer
    return f"model {options.model}" if options.model else f"{options.vocabulary_size:,} pieces, {options.normalization}"


TOKENIZER = Stage(
    name="tokenizer",
    title="sampled",
    libraries=("sentencepiece",),
    reads=("documents", "signals", "verdicts"),
    key=_key,
    describe=_describe,
    validate="massivetext.tokenizer.model_files:validate_model",
    run="massivetext.jobs.tokenizer_training:run_tokenizer",
    work="massivetext.estimate.work:tokenizer",
)
