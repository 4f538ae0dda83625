"""Reads a split of ArrayRecord with Grain: python read_grain.py FOLDER SPLIT OUTPUT.npz."""

import importlib.metadata
import sys
from pathlib import Path

import grain
import numpy as np

from massivetext.records.example import decode_example

folder, split, output = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
source = grain.sources.ArrayRecordDataSource(sorted(str(path) for path in folder.glob(f"{split}-*.array_record")))
rows = [decode_example(data) for data in grain.MapDataset.source(source)]
np.savez(
    output,
    tokens=np.array([row["tokens"] for row in rows]),
    source=np.array([row["source"][0] for row in rows]),
    seq_id=np.array([row["seq_id"][0] for row in rows]),
    doc_starts=np.concatenate([row["doc_starts"] for row in rows]),
    doc_counts=np.array([len(row["doc_starts"]) for row in rows]),
    version=f"grain {importlib.metadata.version('grain')}",
)
