"""Reads a split with Megatron's IndexedDataset: python read_megatron.py FOLDER SPLIT OUTPUT.npz."""

import importlib.metadata
import sys
from pathlib import Path

import numpy as np
from megatron.core.datasets.indexed_dataset import IndexedDataset

folder, split, output = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
parts = [IndexedDataset(str(path.with_suffix(""))) for path in sorted(folder.glob(f"{split}/*.idx"))]
for part in parts:
    if part.document_indices.tolist() != list(range(len(part) + 1)):
        raise SystemExit("want one document per record")
np.savez(
    output,
    tokens=np.array([part[row] for part in parts for row in range(len(part))]),
    version=f"megatron-core {importlib.metadata.version('megatron-core')}",
)
