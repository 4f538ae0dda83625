"""A finished run of thirteen documents, written by hand so that every count of its report is known."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from massivetext import rules
from massivetext.recipe import DecontaminateOptions, Recipe, RecordsOptions, SourceOptions, TokenizerOptions
from massivetext.records import dataset as records
from massivetext.records.formats import RUN_FORMAT
from massivetext.records.sequences import shard_sizes
from massivetext.records.tokens import TOKENS, counts_path
from massivetext.rules import Bounds, Rule
from massivetext.runs.context import Context
from massivetext.runs.stage import verdict_sets
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
from massivetext.tokenizer.trainer import train

EVIL = "</script><script>alert('&')</script> <!-- \u2028 ends here"
LANGUAGE = Rule(signal="language", allow=("en",), source="paper", name="lang/language")
RULES = {
    "web": (
        LANGUAGE,
        Rule(signal="word_count", min=50, max=100, source="paper, A.1", name="gopher/word_count"),
        Rule(signal="duplicate_line_frac", max=0.3, source="paper, A.1", name="gopher/duplicate_line_frac"),
        Rule(
            name="trial/stop",
            any_of=(Bounds(signal="stop_word_count", min=2), Bounds(signal="word_count", min=1000)),
            source="ours: a trial",
            report_only=True,
        ),
    ),
    "wikipedia": (LANGUAGE,),
}


class Row(NamedTuple):
    """A document by its signals: what is not named is as for an empty text."""

    words: int
    duplicate: float = 0.0
    stops: int = 5
    language: str = "en"
    text: str = "a text"
    url: str | None = None


WEB, WIKI0 = (Shard("web", 0, 2), Shard("web", 1, 2)), Shard("wikipedia", 0, 1)
ROWS: Mapping[Shard, Sequence[Row]] = {
    WEB[0]: (
        Row(60, text="kept", url="https://example.com/kept/"),
        Row(10, text=EVIL, url="https://example.com/<b>?a=1&b=2"),  # fails word_count alone
        Row(10, 0.5, 0, "de", url="http://someone@Other.example.:8080/"),  # fails all four rules
        Row(70, 0.5, 1),  # fails duplicate_line_frac, and stop, which drops nothing
        Row(80, stops=1),  # fails stop alone: stays
    ),
    WEB[1]: (
        Row(50, 0.3),  # both bounds pass
        Row(100),
        Row(101),  # fails word_count alone
        Row(60, text="kept"),  # equal to the first of the other shard
        Row(65),  # near duplicate of this shard's first
        Row(66),  # overlaps a test item
    ),
    WIKI0: (Row(200, text="x" * 400), Row(300)),  # the second is told by its title
}
_WORDS = (
    "the",
    "quick",
    "brown",
    "fox",
    "jumps",
    "over",
    "a",
    "lazy",
    "dog",
    "while",
    "vexed",
    "zebras",
    "judge",
    "text",
)
_KEEPERS = {(WEB[1], 3): (WEB[0], 0), (WEB[1], 4): (WEB[1], 0)}
_HITS = {
    WEB[0]: [(4, "quiz", "9", 2, 0.1, 0.2)],
    WEB[1]: [(5, "quiz", "7", 40, 0.85, 1.0), (5, "quiz", "9", 1, 0.05, 0.1)],
    WIKI0: [(1, "wikitext", "Moses", 0, 0.0, 0.0)],
}
_REJECTED = {
    WEB[0]: [
        ("b.warc", "100", "bad_record", False),
        ("b.warc", "90", "bad_record", False),
        ("b.warc", "5", "image", True),
    ],
    WEB[1]: [("a.warc", "7", "bad_record", False)],
    WIKI0: [],
}


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
            stage_keys={stage.name: f"key of {stage.name}" for stage in STAGES},
            shard_counts={"web": 2, "wikipedia": 1},
            rules=RULES,
            verdicts=verdict_sets(_recipe(), STAGES),
        )
        self._tasks: dict[str, list[ShardCommit]] = {stage.name: [] for stage in STAGES}

    def add(self, stage: str, task: str, *files: CommittedFile, **counts: int) -> None:
        """A task of a stage."""
        self._tasks[stage].append(ShardCommit(task, files, counts))

    def finish(self, stage: str, **facts: Any) -> None:
        """Commits a stage with the tasks that were added."""
        key = self.context.stage_keys[stage]
        commits = tuple(sorted(self._tasks[stage], key=lambda commit: commit.task))
        value = next(each for each in STAGES if each.name == stage)
        self.run.commit(value, Manifest(stage, key, {}, commits, facts))

    def table(self, data_set: str, shard: Shard, table: pa.Table) -> CommittedFile:
        """A part of a data set."""
        return self.run.write_table(data_set, shard, table)

    def state(self) -> None:
        """Writes run.json."""
        stages = tuple(StageState(stage.name, self.context.stage_keys[stage.name]) for stage in STAGES)
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
                for origin, offset, reason, skipped in _REJECTED[shard]
            ]
            path = self.run.shard_file("quarantine", shard, ".jsonl")
            fs.write_bytes(path, b"".join(line + b"\n" for line in lines))
            self.add("ingest", shard.name, file, self.run.committed(path), documents=len(rows))
            signals = pa.Table.from_pylist([_signals(row) for row in rows], schema=registry.schema())
            self.add("measure", shard.name, self.table("signals", shard, signals), words=sum(row.words for row in rows))
            kept, failed = rules.judge(signals, RULES[shard.source])
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
        first, copy, other = (self.address(*place) for place in ((WEB[1], 0), (WEB[1], 4), (WEB[0], 0)))
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
        with fs.publish(self.run.path(name)) as temporary:
            pq.write_table(table, temporary)
        return self.run.committed(self.run.path(name), table.num_rows)

    def address(self, shard: Shard, row: int) -> int:
        """Address of a document."""
        return int(self.context.document_refs(shard, pa.array([row]).to_numpy())[0])

    def _copies(self, shard: Shard, rows: set[int], similarity: float) -> pa.Table:
        lost = {row for row in rows if (shard, row) in _KEEPERS}
        every = range(len(ROWS[shard]))
        columns: dict[str, list[Any]] = {
            "kept": [row not in lost for row in every],
            "cluster": [self.address(*_KEEPERS[shard, row]) if row in lost else None for row in every],
            "similarity": [similarity if row in lost else None for row in every],
        }
        return pa.table(columns, schema=DUPLICATE_VERDICTS)

    def decontaminate(self) -> None:
        """Verdicts on overlap, and the hits."""
        self.add("decontaminate", "index", **{"items": 12, "items:quiz": 10, "items:wikitext": 1, "items:unseen": 1})
        for shard, rows in ROWS.items():
            hits = [dict(zip(CONTAMINATION_HITS.names, hit, strict=True)) for hit in _HITS[shard]]
            lost = {hit[0] for hit in _HITS[shard] if hit[3] == 0 or hit[4] > 0.8}
            columns: dict[str, list[Any]] = {"kept": [row not in lost for row in range(len(rows))]}
            columns |= dict.fromkeys(("jaccard", "containment"), [0.0] * len(rows))
            verdicts = self.table("verdicts/contamination", shard, pa.table(columns, schema=CONTAMINATION_VERDICTS))
            found = self.table("contamination", shard, pa.Table.from_pylist(hits, schema=CONTAMINATION_HITS))
            self.add("decontaminate", shard.name, verdicts, found, tested=len(rows), removed=len(lost))
        self.finish("decontaminate")

    def tokenizer(self) -> None:
        """A small model."""
        lines = [f"{word} {other}" for word in _WORDS for other in _WORDS]
        fs.write_bytes(self.run.path("tokenizer/tokenizer.model"), train(lines, TokenizerOptions(vocabulary_size=300)))
        file = self.run.committed(self.run.path("tokenizer/tokenizer.model"))
        self.add("tokenizer", "model", file, vocabulary=300)
        self.finish("tokenizer")

    def records(self, draws: Mapping[Shard, Sequence[tuple[int, int, int]]], quotas: Mapping[str, int]) -> None:
        """Tokens as (row, draw, count) by shard, and a dataset.json of two files that hold the quotas."""
        for shard, drawn in draws.items():
            columns = [list(column) for column in zip(*drawn, strict=True)]
            table = pa.table([*columns, [b""] * len(drawn)], schema=TOKENS)
            self.add("records", f"tokens/round-0/{shard.name}", self.table("tokens/round-0", shard, table))
        for source in sorted(quotas):
            counts = {
                draw: count for shard, drawn in draws.items() if shard.source == source for _, draw, count in drawn
            }
            packed = np.array([counts[draw] for draw in sorted(counts)], "<u4").tobytes()
            path = counts_path(self.run, source)
            fs.write_bytes(path, packed)
            self.add("records", f"tokens/counts/{source}", self.run.committed(path))
        path = self.run.path("records", records.FILE_NAME)
        described = _dataset(self.context.recipe, quotas)
        fs.write_bytes(path, described.to_json())
        self.add("records", "dataset", self.run.committed(path))
        self.finish(
            "records",
            tokens={source: 8 * sequences for source, sequences in quotas.items()},
            sequences=dict(quotas),
            epochs=dict.fromkeys(quotas, 1.5),
            weights={name: str(source.weight) for name, source in self.context.recipe.sources.items()},
        )


def _dataset(recipe: Recipe, quotas: Mapping[str, int]) -> records.Dataset:
    total = sum(quotas.values())
    sizes = shard_sizes(total, 2)
    return records.dataset(
        name=recipe.name,
        created_by=records.CreatedBy(massivetext="0", recipe_sha256="0"),
        sequence_length=8,
        vocab_size=300,
        special_ids=records.SpecialIds(pad=0, unk=1, bos=2, eos=3),
        tokenizer=records.TokenizerFile(path="model", sha256="0", normalizer="nfkc", byte_fallback=True),
        seed=recipe.seed,
        weights={name: source.weight for name, source in recipe.sources.items()},
        documents=dict.fromkeys(quotas, 2),
        draws=dict.fromkeys(quotas, 3),
        realised=quotas,
        shards=[
            records.Shard(path=RUN_FORMAT.shard_path(shard, 2), records=sizes[shard], bytes=1, sha256="0")
            for shard in range(2)
        ],
    )


def _signals(row: Row) -> dict[str, Any]:
    return {signal.name: signal.empty for signal in registry.SIGNALS.values()} | {
        "word_count": row.words,
        "byte_count": row.words * 6,
        "duplicate_line_frac": row.duplicate,
        "stop_word_count": row.stops,
        "language": row.language,
    }


def _written(folder: Path, *steps: Callable[[Writer], None]) -> Writer:
    writer = Writer(folder)
    for step in steps:
        step(writer)
    writer.state()
    return writer


@pytest.fixture(scope="session")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Writer:
    """A run up to test-set filtering."""
    return _written(tmp_path_factory.mktemp("run"), Writer.ingest, Writer.dedup, Writer.decontaminate)


@pytest.fixture(scope="session")
def context(writer: Writer) -> Context:
    """The same run as its stages see it."""
    return writer.context


@pytest.fixture(scope="session")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Context:
    """A run that has been judged and no more."""
    return _written(tmp_path_factory.mktemp("judged"), Writer.ingest).context


@pytest.fixture
def fresh(tmp_path: Path) -> Writer:
    """A run like the first, to add to."""
    return _written(tmp_path, Writer.ingest, Writer.dedup, Writer.decontaminate)
