"""How many documents of earlier corpora a run compares its own with (`dedup.against`)."""

from massivetext.earlier.earlier_corpora import open_corpus
from massivetext.errors import MassivetextError
from massivetext.estimate.volumes import EarlierVolume
from massivetext.recipe import LoadedRecipe
from massivetext.stages.earlier_digests import earlier_folders


def earlier_volume(loaded: LoadedRecipe) -> EarlierVolume:
    """Return the documents of the earlier corpora of a recipe, from their manifests or indexes."""
    documents, shards, unknown = 0, 0, []
    for name, folder in zip(loaded.recipe.against, earlier_folders(loaded.recipe, loaded.root), strict=True):
        try:
            corpus = open_corpus(folder)
            documents, shards = documents + corpus.document_count, shards + len(corpus.shards)
        except MassivetextError:
            unknown.append(name)
    return EarlierVolume(documents, shards, tuple(unknown))
