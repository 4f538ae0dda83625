"""Reads a split of Parquet with datasets in two ways: python read_datasets.py FOLDER SPLIT OUTPUT.npz."""

import sys

import datasets
import numpy as np

folder, split, output = sys.argv[1:]
rows = datasets.load_dataset(folder, split=split).with_format("numpy")
files = {split: f"{folder}/data/{split}-*.parquet"}
by_name = datasets.load_dataset("parquet", data_files=files, split=split).with_format("numpy")
tokens = np.array(rows["input_ids"])
if not np.array_equal(tokens, np.array(by_name["input_ids"])):
    raise SystemExit("the folder and its files give other rows")
np.savez(
    output,
    tokens=tokens,
    source=np.array(rows["source"]),
    seq_id=np.array(rows["seq_id"]),
    doc_starts=np.concatenate(list(rows["doc_starts"])),
    doc_counts=np.array([len(each) for each in rows["doc_starts"]]),
    version=f"datasets {datasets.__version__}",
)
