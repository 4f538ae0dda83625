"""Read the block lists and the model of unsafe text that a recipe names, before any text is measured."""

from massivetext.recipe import LoadedRecipe
from massivetext.signals import blocklist_files, unsafe_files


def validate_lists(loaded: LoadedRecipe) -> None:
    """Refuse a recipe with a block list or a model that cannot be read; without any, load nothing. Raises UserError."""
    recipe, root = loaded.recipe, loaded.root
    if any(blocklist_files.find(recipe.blocklists, root)):
        from massivetext.signals import blocklists  # loads the compiler

        blocklists.load(recipe.blocklists, root)
    if recipe.measure.unsafe_model is not None:
        from massivetext.signals import unsafe

        unsafe.load(unsafe_files.find(root, recipe.measure.unsafe_model))
