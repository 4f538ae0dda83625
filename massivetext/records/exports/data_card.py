"""``README.md`` of an export: a data card with the header that the Hugging Face Hub reads."""

from massivetext.formatting import format_bytes
from massivetext.records.exports.export_format import ALL_COLUMNS, ExportedDataset, ExportFormat

FILE_NAME = "README.md"
_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
    (1_000_000_000, "100M<n<1B"),
)
_COLUMNS = {
    "tokens": "token ids of one full sequence, unshifted",
    "doc_starts": "positions at which a crop of a document begins; the first is 0",
    "source": "number of the source in the table above",
    "seq_id": "position of the sequence in the order of all sequences",
    "doc_ids": "numbers of the documents that begin at `doc_starts`; `massivetext record RUN SEQ_ID` names them",
}


def data_card(exported: ExportedDataset, export_format: ExportFormat) -> bytes:
    """Return the page: what the rows are, where they come from, what the files hold, and how they are read."""
    parts = [_header(exported, export_format), _summary(exported, export_format), _splits(exported), _sources(exported)]
    parts += [
        _columns(exported, export_format),
        f"## Reading\n\n`FOLDER` is this folder.\n\n{export_format.usage.rstrip()}\n",
    ]
    return "\n".join(parts).encode()


def _header(exported: ExportedDataset, export_format: ExportFormat) -> str:
    count = sum(shard.records for shards in exported.splits.values() for shard in shards)
    size = next((name for most, name in _SIZES if count < most), "n>1B")
    lines = ["---", f"pretty_name: {_quoted(exported.dataset.name)}", "task_categories:", "- text-generation", "tags:"]
    lines += ["- tokenized", "- massivetext", "size_categories:", f"- {size}"]
    if export_format.name == "parquet":
        lines += ["configs:", "- config_name: default", "  data_files:"]
        for split, shards in exported.splits.items():
            if shards:
                lines += [f"  - split: {split}", f"    path: data/{split}-*.parquet"]
    return "\n".join([*lines, "---", ""])


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _summary(exported: ExportedDataset, export_format: ExportFormat) -> str:
    dataset = exported.dataset
    ids = ", ".join(
        f"{name} {getattr(dataset.special_ids, name)}" for name in type(dataset.special_ids).__struct_fields__
    )
    return f"""\
# {dataset.name}

Token ids for training language models: sequences of {dataset.sequence_length:,} tokens, the sources mixed and shuffled.
Written by massivetext {dataset.created_by.massivetext}; this export is {export_format.title}.

| | |
| --- | --- |
| vocabulary | {dataset.vocab_size:,} ids ({dataset.dtype} holds them) |
| special ids | {ids} |
| tokenizer | `tokenizer/`, SHA-256 `{dataset.tokenizer.sha256}` |
| records | fingerprint `{dataset.fingerprint}` |
| recipe | SHA-256 `{dataset.created_by.recipe_sha256 or "unknown"}` |
| licence | that of the sources; the run does not know it |
"""


def _splits(exported: ExportedDataset) -> str:
    lines = ["## Splits", "", "| split | sequences | tokens | padding | files | size |"]
    lines += ["| --- | --- | --- | --- | --- | --- |"]
    for split, shards in exported.splits.items():
        records, files = sum(shard.records for shard in shards), [file for shard in shards for file in shard.files]
        size = format_bytes(sum(file.bytes for file in files))
        made = exported.dataset.splits[split]
        lines.append(f"| {split} | {records:,} | {made.tokens:,} | {made.padding:,} | {len(files):,} | {size} |")
    return "\n".join([*lines, ""])


def _sources(exported: ExportedDataset) -> str:
    lines = [
        "## Sources of the split `train`",
        "",
        "| number | source | weight | documents | sequences | tokens |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for source in exported.dataset.sources:
        weight = exported.dataset.mixture.weights.get(source.name, "–")
        counts = " | ".join(f"{count:,}" for count in (source.documents, source.sequences, source.tokens))
        lines.append(f"| {source.id} | {source.name} | {weight} | {counts} |")
    return "\n".join([*lines, ""])


def _columns(exported: ExportedDataset, export_format: ExportFormat) -> str:
    lines = ["## Columns", "", "| column | what it is |", "| --- | --- |"]
    for column in ALL_COLUMNS:
        name = "input_ids" if column == "tokens" and export_format.name == "parquet" else column
        left_out = "" if column in export_format.stored_columns(exported.dataset) else " (not in these files)"
        lines.append(f"| `{name}` | {_COLUMNS[column]}{left_out} |")
    return "\n".join([*lines, ""])
