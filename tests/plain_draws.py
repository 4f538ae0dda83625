"""The document of each draw, straight from the definition: the inverse of what the records stage computes."""

import numpy as np

from massivetext.records.crops import I64, epoch_order


def drawn_documents(draws: I64, documents: int, seed: int, source: str) -> I64:
    """Return the document of each draw: draw k is position k mod D in the order of epoch k div D.

    Args:
        draws: draw numbers, 0 or more.
        documents: D, kept documents of the source. A document is its rank among them, in the order of references.
        seed: seed of the run.
        source: name of the source.
    """
    epochs, epoch_positions = np.divmod(draws, max(documents, 1))
    result = np.empty_like(epoch_positions)
    for epoch in np.unique(epochs):
        here = epochs == epoch
        result[here] = epoch_order(documents, seed, source, int(epoch)).forward(epoch_positions[here])
    return result
