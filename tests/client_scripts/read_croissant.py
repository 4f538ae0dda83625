"""Checks croissant.json with mlcroissant and reads its rows: python read_croissant.py FOLDER SPLIT OUTPUT.npz."""

import importlib.metadata
import sys

import mlcroissant as mlc
import numpy as np

folder, split, output = sys.argv[1:]
data = mlc.Dataset(f"{folder}/croissant.json")
if data.metadata.issues.errors:
    raise SystemExit(f"croissant.json: {data.metadata.issues.errors}")
names = sorted(record_set.id for record_set in data.metadata.record_sets if record_set.id.startswith(f"{split}-"))
rows = [{key.split("/")[-1]: value for key, value in row.items()} for name in names for row in data.records(name)]
np.savez(
    output,
    tokens=np.array([row["input_ids"] for row in rows]),
    source=np.array([row["source"] for row in rows]),
    seq_id=np.array([row["seq_id"] for row in rows]),
    doc_starts=np.concatenate([row["doc_starts"] for row in rows]),
    doc_counts=np.array([len(row["doc_starts"]) for row in rows]),
    version=f"mlcroissant {importlib.metadata.version('mlcroissant')}",
)
