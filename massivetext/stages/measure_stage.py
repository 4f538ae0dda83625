"""Measure: the signals of every document."""

from massivetext.runs.stage import RunPlan, Stage


def _key(plan: RunPlan) -> object:
    from massivetext import rules, signals  # loads the word lists: only where keys are computed
    from massivetext.signals import blocklist_files, registry, unsafe_files

    recipe, root = plan.recipe, plan.loaded.root
    unsafe_model = recipe.measure.unsafe_model
    return [
        recipe.measure.paragraph_languages,
        unsafe_model and unsafe_files.digests(unsafe_files.find(root, unsafe_model)),
        signals.assets_digest(),
        blocklist_files.digests(blocklist_files.find(recipe.blocklists, root)),
        recipe.blocklists.shipped_keywords,
        {name: registry.readings_of(rules.signals_read_by(each)) for name, each in plan.rules.items()},
    ]


def _describe(_plan: RunPlan) -> str:
    return "signals of every document"


MEASURE = Stage(
    name="measure",
    title="measured",
    version=6,  # hosts, schemes and paths of URLs are read as the URL standard says
    libraries=("ada-url", "fasttext-community", "regex"),
    data_sets=("signals",),
    reads=("documents",),
    key=_key,
    describe=_describe,
    announce="massivetext.jobs.measure:announce_compilation",
    validate="massivetext.signals.list_validation:validate_lists",
    process="massivetext.jobs.measure:measure_shard",
    shard_work="massivetext.estimate.work:measure",
)
