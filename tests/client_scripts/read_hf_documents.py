"""Print the texts of configurations of an export of documents as JSON: read_hf_documents.py FOLDER CONFIGURATION..."""

import json
import sys

import datasets

folder, *names = sys.argv[1:]
print(json.dumps({name: sorted(datasets.load_dataset(folder, name, split="train")["text"]) for name in names}))
