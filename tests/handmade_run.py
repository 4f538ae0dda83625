"""A finished run of thirteen documents, written by hand so that every count of its report is known."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from handmade_documents import HITS, KEEPERS, REJECTED, ROWS, RULES, WEB, WORDS, Row

from massivetext import rules
from massivetext.recipe import DecontaminateOptions, Recipe, RecordsOptions, SourceOptions, TokenizerOptions
from massivetext.records import dataset as records
from massivetext.records.formats import RUN_FORMAT
from massivetext.records.sequences import shard_sizes
from massivetext.records.tokens import TOKENS, counts_path
from massivetext.runs.context import Context
from massivetext.runs.document_lookup import LookupWriter
from massivetext.runs.stage import stages_of, verdict_sets
from massivetext.runs.store import FORMAT, CommittedFile, Manifest, Run, RunState, Shard, ShardCommit, StageState
from massivetext.schema import (
    CONTAMINATION_HITS,
    CONTAMINATION_VERDICTS,
    DUPLICATE_VERDICTS,
    PAIRS,
    RULE_VERDICTS,
    Document,
    documents_table,
)
from massivetext.signals import registry
from massivetext.stages import STAGES
from massivetext.storage import files as fs
from massivetext.tokenizer.trainer import train_tokenizer


def _recipe() -> Recipe:
    weights = {"web": Decimal("0.6"), "wikipedia": Decimal("0.4")}
    sources = {
        name: msgspec.convert({"kind": name, "inputs": ["*"], "weight": weight}, SourceOptions)
        for name, weight in weights.items()
    }
    options = DecontaminateOptions(test_sets=("quiz.jsonl",))
    records = RecordsOptions(sequence_length=8, crops_per_group=2)
    return Recipe(name="tiny", seed=7, sources=sources, decontaminate=options, records=records)


class Writer:
    """Writes the run, stage by stage."""

    def __init__(self, folder: Path) -> None:
        self.run = Run(str(folder))
        self.context = Context(
            run=self.run,
            recipe=_recipe(),
            root="root",
            stage_keys={stage.name: f"key of {stage.name}" for stage in stages_of(_recipe(), STAGES)},
            shard_counts={"web": 2, "wikipedia": 1},
            rules=RULES,
            verdicts=verdict_sets(_recipe(), STAGES),
        )
        self._tasks: dict[str, list[ShardCommit]] = {stage.name: [] for stage in STAGES}

    def add(self, stage: str, task: str, *files: CommittedFile, **counts: int) -> None:
        """Adds the commit of a work item of a stage."""
        self._tasks[stage].append(ShardCommit(task, files, counts))

    def finish(self, stage: str, **facts: object) -> None:
        """Writes the manifest of a stage with the commits that were added."""
        key = self.context.stage_keys[stage]
        commits = tuple(sorted(self._tasks[stage], key=lambda commit: commit.task))
        value = next(each for each in STAGES if each.name == stage)
        self.run.commit(value, Manifest(stage, key, {}, commits, facts))

    def table(self, data_set: str, shard: Shard, table: pa.Table) -> CommittedFile:
        """Writes one shard of a data set."""
        return self.run.write_table(data_set, shard, table)

    def state(self) -> None:
        """Writes run.json."""
        stages = tuple(
            StageState(stage.name, self.context.stage_keys[stage.name]) for stage in stages_of(_recipe(), STAGES)
        )
        recipe = msgspec.to_builtins(self.context.recipe)
        state = RunState(
            format=FORMAT,
            name="tiny",
            recipe=recipe,
            recipe_sha256="0123",
            root="root",
            seed=7,
            versions={"numpy": "2"},
            complete=True,
            until="report",
            stages=stages,
        )
        self.run.write_state(state)

    # -- what the stages write -----------------------------------------------------------------------------------------

    def ingest(self) -> None:
        """Documents, quarantine, signals and rule verdicts."""
        for shard, rows in ROWS.items():
            documents = [
                Document(row.text, f"{shard.source}.warc", f"{shard.index}/{at}", row.url)
                for at, row in enumerate(rows)
            ]
            file = self.table("documents", shard, documents_table(shard.source, documents))
            lines = [
                msgspec.json.encode(
                    {
                        "origin": origin,
                        "offset": offset,
                        "length": None,
                        "reason": reason,
                        "detail": f"broken at {offset}",
                        "url": "http://lost.example/page" if skipped else None,
                        "skipped": skipped,
                    }
                )
                for origin, offset, reason, skipped in REJECTED[shard]
            ]
            path = self.run.shard_file("quarantine", shard, ".jsonl")
            quarantine = fs.write_bytes(path, b"".join(line + b"\n" for line in lines))
            lookup = LookupWriter()
            lookup.add_documents(documents_table(shard.source, documents)["id"].to_pylist(), [row.url for row in rows])
            for _, _, _, skipped in REJECTED[shard]:
                lookup.add_quarantined("http://lost.example/page" if skipped else None)
            files = (file, self.run.committed(quarantine), lookup.write(self.run, shard))
            self.add("ingest", shard.name, *files, documents=len(rows))
            signals = pa.Table.from_pylist([_signals(row) for row in rows], schema=registry.schema())
            self.add("measure", shard.name, self.table("signals", shard, signals), words=sum(row.words for row in rows))
            kept, failed = rules.judge_documents(signals, RULES[shard.source])
            verdicts = pa.table({"kept": kept, "failed": failed}, schema=RULE_VERDICTS)
            self.add("judge", shard.name, self.table("verdicts/rules", shard, verdicts), kept=int(kept.sum()))
        self.finish("ingest", shards={shard.name: [] for shard in ROWS})
        self.finish("measure")
        self.finish("judge", rules={source: msgspec.to_builtins(judged) for source, judged in RULES.items()})

    def dedup(self) -> None:
        """Verdicts on copies, and the evidence of near duplicates."""
        for shard in WEB:
            self.add("exact-dedup", shard.name, self.table("verdicts/exact", shard, self._copies(shard, {3}, 1.0)))
            self.add("near-dedup", shard.name, self.table("verdicts/near", shard, self._copies(shard, {4}, 0.9)))
        first, copy, other = (self.document_ref(*location) for location in ((WEB[1], 0), (WEB[1], 4), (WEB[0], 0)))
        pairs = pa.table([[other, first], [copy, copy], [0.5, 0.9], [0.6, 0.95]], schema=PAIRS)
        clusters = pa.table({"address": [first, copy], "keeper": [first] * 2, "similarity": [0.9, 0.9]})
        clusters = clusters.cast(
            pa.schema([("address", pa.uint64()), ("keeper", pa.uint64()), ("similarity", pa.float64())])
        )
        self.add("near-dedup", "pairs/0", self._parquet("duplicates/near/0.parquet", pairs), candidates=2, pairs=1)
        self.add("near-dedup", "clusters", self._parquet("duplicates/clusters.parquet", clusters), clusters=1)
        self.finish("exact-dedup")
        self.finish("near-dedup")

    def _parquet(self, name: str, table: pa.Table) -> CommittedFile:
        with fs.publish(self.run.path(name)) as new:
            pq.write_table(table, new)
        return self.run.committed(new, table.num_rows)

    def document_ref(self, shard: Shard, row: int) -> int:
        """Returns the document reference of a row."""
        return int(self.context.document_refs(shard, pa.array([row]).to_numpy())[0])

    def _copies(self, shard: Shard, rows: set[int], similarity: float) -> pa.Table:
        lost = {row for row in rows if (shard, row) in KEEPERS}
        every = range(len(ROWS[shard]))
        columns: dict[str, list[object]] = {
            "kept": [row not in lost for row in every],
            "cluster": [self.document_ref(*KEEPERS[shard, row]) if row in lost else None for row in every],
            "similarity": [similarity if row in lost else None for row in every],
        }
        return pa.table(columns, schema=DUPLICATE_VERDICTS)

    def decontaminate(self) -> None:
        """Verdicts on overlap, and the hits."""
        self.add("decontaminate", "index", **{"items": 12, "items:quiz": 10, "items:wikitext": 1, "items:unseen": 1})
        for shard, rows in ROWS.items():
            hits = [dict(zip(CONTAMINATION_HITS.names, (*hit, False), strict=True)) for hit in HITS[shard]]
            lost = {hit[0] for hit in HITS[shard] if hit[5]}
            columns: dict[str, list[object]] = {"kept": [row not in lost for row in range(len(rows))]}
            columns |= dict.fromkeys(("jaccard", "containment"), [0.0] * len(rows))
            verdicts = self.table("verdicts/contamination", shard, pa.table(columns, schema=CONTAMINATION_VERDICTS))
            found = self.table("contamination", shard, pa.Table.from_pylist(hits, schema=CONTAMINATION_HITS))
            self.add("decontaminate", shard.name, verdicts, found, tested=len(rows), removed=len(lost))
        self.finish("decontaminate")

    def tokenizer(self) -> None:
        """Trains a small tokenizer."""
        lines = [f"{word} {other}" for word in WORDS for other in WORDS]
        model = fs.write_bytes(
            self.run.path("tokenizer/tokenizer.model"), train_tokenizer(lines, TokenizerOptions(vocabulary_size=300))
        )
        self.add("tokenizer", "model", self.run.committed(model), vocabulary=300)
        self.finish("tokenizer")

    def records(self, draws: Mapping[Shard, Sequence[tuple[int, int, int]]], quotas: Mapping[str, int]) -> None:
        """Tokens as (row, draw, count) by shard, and a dataset.json of two files that hold the quotas."""
        for shard, drawn in draws.items():
            rows, numbers, counts_of_draws = (list(column) for column in zip(*drawn, strict=True))
            columns = [rows, numbers, [0] * len(drawn), [1] * len(drawn), counts_of_draws, [b""] * len(drawn)]
            table = pa.table(columns, schema=TOKENS)
            self.add("records", f"tokens/round-0/{shard.name}", self.table("tokens/round-0", shard, table))
        for source in sorted(quotas):
            counts = {
                draw: count for shard, drawn in draws.items() if shard.source == source for _, draw, count in drawn
            }
            packed = np.array([counts[draw] for draw in sorted(counts)], "<u4").tobytes()
            written = fs.write_bytes(counts_path(self.run, source), packed)
            self.add("records", f"tokens/counts/{source}", self.run.committed(written))
        described = _dataset(self.context.recipe, quotas)
        dataset = fs.write_bytes(self.run.path("records", records.FILE_NAME), described.to_json())
        self.add("records", "dataset", self.run.committed(dataset))
        self.finish(
            "records",
            tokens={source: 8 * sequences for source, sequences in quotas.items()},
            sequences=dict(quotas),
            epochs=dict.fromkeys(quotas, 1.5),
            kept_bytes=dict.fromkeys(quotas, 100),
            covered_bytes=dict.fromkeys(quotas, 50),
            read_bytes=dict.fromkeys(quotas, 75),
            most_reads=dict.fromkeys(quotas, 2),
            limited_by="records.sequences",
            weights={name: str(source.weight) for name, source in self.context.recipe.sources.items()},
        )


def _dataset(recipe: Recipe, quotas: Mapping[str, int]) -> records.Dataset:
    total = sum(quotas.values())
    sizes = shard_sizes(total, 2)
    return records.describe_dataset(
        name=recipe.name,
        created_by=records.CreatedBy(massivetext="0", recipe_sha256="0"),
        sequence_length=8,
        vocab_size=300,
        special_ids=records.SpecialIds(pad=0, unk=1, bos=2, eos=3),
        tokenizer=records.TokenizerFile(path="model", sha256="0", normalizer="nfkc", byte_fallback=True),
        seed=recipe.seed,
        weights={name: source.weight for name, source in recipe.sources.items()},
        sources=[
            records.DatasetSource(
                id=number, name=name, documents=2, draws=3, epochs=1.5, sequences=quotas[name], tokens=8 * quotas[name]
            )
            for number, name in enumerate(recipe.sources)
        ],
        shards=[
            records.RecordShard(path=RUN_FORMAT.shard_path(shard, 2), records=sizes[shard], bytes=1, sha256="0")
            for shard in range(2)
        ],
    )


def _signals(row: Row) -> dict[str, float | str]:
    return {signal.name: signal.empty for signal in registry.SIGNALS.values()} | {
        "word_count": row.words,
        "byte_count": row.words * 6,
        "duplicate_line_frac": row.duplicate,
        "stop_word_count": row.stops,
        "language": row.language,
    }
