"""Reads a split with tf.data, which checks the checksums: python read_tensorflow.py FOLDER SPLIT OUTPUT.npz."""

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

folder, split, output = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
files = sorted(str(path) for path in folder.glob(f"{split}.tfrecord-*"))
rows = [
    tf.train.Example.FromString(data).features.feature for data in tf.data.TFRecordDataset(files).as_numpy_iterator()
]
np.savez(
    output,
    tokens=np.array([row["tokens"].int64_list.value[:] for row in rows]),
    source=np.array([row["source"].int64_list.value[0] for row in rows]),
    seq_id=np.array([row["seq_id"].int64_list.value[0] for row in rows]),
    doc_starts=np.concatenate([row["doc_starts"].int64_list.value[:] for row in rows]),
    doc_counts=np.array([len(row["doc_starts"].int64_list.value[:]) for row in rows]),
    version=f"tensorflow {tf.__version__}",
)
