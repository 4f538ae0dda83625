"""Reads a split with seqio from its cache: python read_seqio.py FOLDER SPLIT OUTPUT.npz."""

import functools
import importlib.metadata
import sys
from pathlib import Path

import numpy as np
import seqio

folder, split, output = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
columns = ("targets", "source", "seq_id", "doc_starts")
seqio.add_global_cache_dirs([str(folder.parent)])
seqio.TaskRegistry.add(
    folder.name,
    source=seqio.FunctionDataSource(lambda split, shuffle_files: None, splits=[split]),  # the cache is read
    preprocessors=[
        seqio.CacheDatasetPlaceholder(required=True),
        functools.partial(seqio.preprocessors.rekey, key_map={name: name for name in columns} | {"targets": "tokens"}),
    ],
    output_features={"targets": seqio.Feature(seqio.PassThroughVocabulary(1 << 20), add_eos=False)},
)
task = seqio.get_mixture_or_task(folder.name)
rows = list(task.get_dataset(None, split, use_cached=True, shuffle=False).as_numpy_iterator())
np.savez(
    output,
    tokens=np.array([row["targets"] for row in rows]),
    source=np.array([row["source"] for row in rows]),
    seq_id=np.array([row["seq_id"] for row in rows]),
    doc_starts=np.concatenate([row["doc_starts"] for row in rows]),
    doc_counts=np.array([len(row["doc_starts"]) for row in rows]),
    version=f"seqio {importlib.metadata.version('seqio')}",
)
