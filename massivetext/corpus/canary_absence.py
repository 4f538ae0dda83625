"""Proof that no canary is in the records of a run: by the documents that they name, and by their tokens."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from massivetext.canaries.altered_texts import shuffled_words
from massivetext.records.reader import open_records
from massivetext.runs import documents
from massivetext.runs.context import Context
from massivetext.schema import U64, is_canary, row_numbers, shard_numbers
from massivetext.stages import CANARIES, RECORDS
from massivetext.storage import files as fs
from massivetext.storage import tables
from massivetext.tokenizer.model_files import model_file, normalize_for_model, read_encoder

WINDOW = 32  # tokens of a canary that are looked for: in text of shuffled words nothing else has them
_SHARED = 8  # tokens in a row that a window and the canary's document must not share
_OF_SHUFFLED_WORDS = ("control", "item", "unsafe")  # copies share most of their text with documents that stay
_MULTIPLIER = np.uint64(0xD1342543DE82EF95)  # odd, so that no token is lost; hits are compared token by token


class CanarySearch(NamedTuple):
    """What a search of the records for canaries has looked at, and found.

    Attributes:
        pieces: number of documents in records whose names were looked at; 0: the run does not store them.
        windows: number of canaries whose tokens were looked for.
        problems: one line per canary, or per file, with what was found.
    """

    pieces: int
    windows: int
    problems: tuple[str, ...]


def search_records(context: Context) -> CanarySearch | None:
    """Look for canaries in the records of a run; None if it has no canaries, or no records yet.

    Raises:
        StageError: a file of the run is missing or damaged.
    """
    run = context.run
    if not context.recipe.has_canaries or CANARIES.name not in context.stage_keys or run.manifest(RECORDS.name) is None:
        return None
    pieces, problems = 0, []
    for file in run.need(RECORDS.name).files():
        if file.path.startswith(f"{RECORDS.name}/documents/"):
            named = tables.read_table(run.path(file.path), ["document"])["document"].to_numpy()
            pieces += len(named)
            if found := int(is_canary(named).sum()):
                problems.append(f"{run.path(file.path)}: names {found:,} canaries as documents of the records")
    windows = dict(_windows(context))
    wanted = np.array([_run_hashes(np.frombuffer(each, "<u4"), WINDOW)[0] for each in windows], np.uint64)
    folder = run.path(RECORDS.name)
    for split in open_records(folder).dataset.splits:
        for record in open_records(folder, split=split):
            held = _places(record.tokens, windows, wanted)
            problems += [f"{fs.join(folder, split)}: sequence {record.seq_id:,} holds the canary {id_}" for id_ in held]
    return CanarySearch(pieces, len(windows), tuple(problems))


def _windows(context: Context) -> Iterator[tuple[bytes, str]]:
    """Yield the tokens in the middle of every canary of shuffled words, with its id; of test items, beside the item.

    Canaries that share eight tokens in a row of these with their document are left out: lines of a word or two stay as
    they are, and other documents may have the same.
    """
    of_canaries, seed = context.for_canaries(), context.recipe.seed
    encoder = read_encoder(context.run.path(model_file(context.recipe)))
    for shard in context.canary_shards():
        truth = of_canaries.run.read_table("truth", shard, ["kind", "variant", "base", "base_id"])
        chosen = pc.is_in(truth["kind"], pa.array(_OF_SHUFFLED_WORDS))
        rows = truth.filter(chosen).to_pylist()
        canaries = of_canaries.run.read_table("documents", shard, ["id", "text"]).filter(chosen).to_pylist()
        texts = _texts(context, np.unique(np.array([row["base"] for row in rows], np.uint64)))
        shuffled = [
            shuffled_words(texts[row["base"]], seed, row["base_id"], row["variant"])
            if row["kind"] == "item"
            else canary["text"]
            for row, canary in zip(rows, canaries, strict=True)
        ]
        encoded = encoder.encode(normalize_for_model(context.recipe, shard.source, shuffled))
        of_bases = encoder.encode(normalize_for_model(context.recipe, shard.source, list(texts.values())))
        by_base = dict(zip(texts, of_bases, strict=True))
        for row, canary, ids in zip(rows, canaries, encoded, strict=True):
            middle = len(ids) // 2
            window = ids[max(0, middle - WINDOW // 2) : middle + WINDOW // 2].astype("<u4")
            shared = np.isin(_run_hashes(window, _SHARED), _run_hashes(by_base[row["base"]].astype("<u4"), _SHARED))
            if len(window) == WINDOW and not shared.any():
                yield window.tobytes(), canary["id"]


def _texts(context: Context, document_refs: U64) -> dict[int, str]:
    """Return the texts of documents by their references, which are sorted."""
    found: dict[int, str] = {}
    numbers = shard_numbers(document_refs)
    for number in np.unique(numbers).tolist():
        mine = document_refs[numbers == number]
        rows = documents.read_rows(context.run, context.shard_by_number(number), ["text"], row_numbers(mine))
        found |= {ref: str(row["text"]) for ref, (_, row) in zip(mine.tolist(), rows, strict=True)}
    return found


def _places(tokens: npt.NDArray[np.integer], windows: dict[bytes, str], wanted: U64) -> Sequence[str]:
    """Return the names of the windows that a sequence holds; ``wanted`` are their hashes."""
    if len(tokens) < WINDOW or not windows:
        return ()
    ids = tokens.astype("<u4")
    hashes = _run_hashes(ids, WINDOW)
    hits = np.flatnonzero(np.isin(hashes, wanted)).tolist()
    found = (windows.get(ids[at : at + WINDOW].tobytes()) for at in hits)
    return [name for name in found if name is not None]


def _run_hashes(ids: npt.NDArray[np.uint32], length: int) -> U64:
    """Return the hash of every run of so many tokens; empty for fewer tokens."""
    count = max(0, len(ids) - length + 1)
    hashes: U64 = np.zeros(count, np.uint64)
    for at in range(length):
        hashes = hashes * _MULTIPLIER + ids[at : at + count].astype(np.uint64)
    return hashes
