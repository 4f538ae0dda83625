"""Reads a split with TFDS: python read_tfds.py FOLDER SPLIT OUTPUT.npz."""

import sys

import numpy as np
import tensorflow_datasets as tfds

folder, split, output = sys.argv[1:]
rows = list(tfds.builder_from_directory(folder).as_data_source(split=split))
np.savez(
    output,
    tokens=np.array([row["tokens"] for row in rows]),
    source=np.array([row["source"] for row in rows]),
    seq_id=np.array([row["seq_id"] for row in rows]),
    doc_starts=np.concatenate([row["doc_starts"] for row in rows]),
    doc_counts=np.array([len(row["doc_starts"]) for row in rows]),
    version=f"tensorflow-datasets {tfds.__version__}",
)
