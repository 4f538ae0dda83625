# mypy: allow-untyped-calls
"""Near duplicates as a transform: its steps as functions, and the whole against comparing all with all."""

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.runners.portability.fn_api_runner.execution import GroupingBuffer
from beam_rows import THREADS, documents, outputs
from earlier_runs import run_of
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from near_runs import deduplicated

from massivetext import transforms
from massivetext.dedup.keeper import keeper_rank
from massivetext.dedup.minhash import MinHash, bucket_hashes
from massivetext.dedup.similarity import similarity
from massivetext.errors import UserError
from massivetext.recipe import DedupOptions, NearOptions
from massivetext.shingles import shingle_hashes
from massivetext.transforms.id_sets import id_digest
from massivetext.transforms.mark_near import Keepers, judge_document
from massivetext.transforms.near_keepers import label_components
from massivetext.transforms.near_pairs import (
    BATCH_SIGNATURES,
    BUCKET_MEMBER,
    Partners,
    SentShingles,
    band_signatures,
    pair_buckets,
    send_shingles,
    sign_document,
    split_buckets,
    verify_partners,
)
from massivetext.transforms.pcollection_rows import DuplicatePair, DuplicateVerdict

OPTIONS = NearOptions(ngram=2, threshold=0.5, bands=64, rows=2)  # finds practically every pair above 0.5
ARGUMENTS: dict[str, Any] = {"ngram": 2, "threshold": 0.5, "bands": 64, "rows": 2}
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)  # an example takes seconds

# Bigrams of each: chain-a and chain-b share 8 of 10 + 10 - 8 (0.67), so do chain-b and chain-c; chain-a and chain-c
# share 6 of 14 (0.43).
CHAIN = {"chain-a": "a b c d e f g h i j k", "chain-b": "c d e f g h i j k l m", "chain-c": "e f g h i j k l m n o"}
TEXTS = {
    **CHAIN,
    "same-1": "p q r s t",
    "same-2": "P, q r. s t".lower(),
    "same-3": "p q r s t",
    "alone": "u v w x y z",
    "none": "...",
    "short": "p",
}


class IdText(NamedTuple):
    """A row of id and text."""

    id: str
    text: str


def pairs_of(texts: dict[str, str], options: NearOptions) -> dict[tuple[str, str], float]:
    """Every pair above the threshold, by comparing all with all."""
    shingles = {name: shingle_hashes(text, options.ngram) for name, text in texts.items()}
    measured = {
        (a, b): similarity(shingles[a], shingles[b]).jaccard for a, b in itertools.combinations(sorted(texts), 2)
    }
    return {pair: jaccard for pair, jaccard in measured.items() if jaccard > options.threshold}


def verdicts_of(texts: dict[str, str], options: NearOptions, seed: int) -> dict[str, dict[str, Any]]:
    """What the transform should say, from all pairs."""
    ranks = keeper_rank(sorted(texts), seed).tolist()
    pairs = pairs_of(texts, options)
    keepers: dict[str, str] = {}
    for _, name in sorted(zip(ranks, sorted(texts), strict=True)):
        similar = [other for other, own in keepers.items() if own == other and _pair(name, other) in pairs]
        keepers[name] = similar[0] if similar else name  # the first by rank
    expected = {}
    for name, keeper in keepers.items():
        group = [other for other, own in keepers.items() if own == name != other]
        copies = [keeper] if keeper != name else group
        expected[name] = {
            "id": name,
            "kept": keeper == name,
            "duplicate_of": None if keeper == name else keeper,
            "similarity": max((pairs[_pair(name, other)] for other in copies), default=None),
        }
    return expected


def _pair(one: str, other: str) -> tuple[str, str]:
    return min(one, other), max(one, other)


class InBatches(beam.PTransform[Any, Any]):
    """The transform expanded with another size of batches."""

    def __init__(self, seed: int, batch_signatures: int) -> None:
        super().__init__()
        self._inner, self._batch = transforms.MarkNearDuplicates(seed=seed, **ARGUMENTS), batch_signatures

    def expand(self, rows: beam.PCollection[Any]) -> beam.PCollection[DuplicateVerdict]:
        return self._inner.expand(rows, batch_signatures=self._batch)


def marked(
    texts: Sequence[tuple[str, str]], *beam_args: str, seed: int = 0, batch: int = BATCH_SIGNATURES
) -> dict[str, dict[str, Any]]:
    def build(pipeline: beam.Pipeline) -> dict[str, Any]:
        return {"verdicts": documents(pipeline, texts) | InBatches(seed, batch)}

    found = outputs(build, *beam_args)["verdicts"]
    assert len({row["id"] for row in found}) == len(found)
    return {row["id"]: row for row in found}


# -- steps -------------------------------------------------------------------------------------------------------------


def test_a_document_without_words_has_no_signature() -> None:
    assert list(sign_document(IdText("a", " ... "), OPTIONS, 0)) == []


def test_a_document_stands_in_one_bucket_a_band_under_the_digest_of_its_id() -> None:
    signature = MinHash(permutations=128, seed=3).signature(shingle_hashes("a b c", 2))
    found = list(
        band_signatures(
            [signed for name in "xy" for signed in sign_document(IdText(name, "a b c"), OPTIONS, 3)], OPTIONS
        )
    )
    members = np.concatenate([np.frombuffer(rows, BUCKET_MEMBER) for _, rows in found])
    expected = sorted(bucket_hashes(signature[None], 64, 2)[0].tolist())

    for name in "xy":
        digest = np.frombuffer(id_digest(name), "<u8")
        assert sorted(members["bucket"][(members["document"] == digest).all(axis=1)].tolist()) == expected
    assert all(
        int(key) % 4096 == int(name) for name, rows in found for key in np.frombuffer(rows, BUCKET_MEMBER)["bucket"]
    )


def member(key: int, name: str) -> bytes:
    row = np.zeros(1, BUCKET_MEMBER)
    row["bucket"], row["document"] = key, np.frombuffer(id_digest(name), "<u8")
    return row.tobytes()


def test_documents_of_a_bucket_are_paired_once_whatever_their_order() -> None:
    rows = [member(1, "a"), member(1, "b"), member(2, "a"), member(2, "b"), member(2, "c"), member(3, "d")]
    found = {frozenset(pair) for pair in pair_buckets((b"", rows), 64)}

    assert found == {frozenset(map(id_digest, pair)) for pair in ("ab", "ac", "bc")}
    assert list(pair_buckets((b"", rows[::-1]), 64)) == list(pair_buckets((b"", rows), 64))


def test_a_large_bucket_gives_a_number_of_pairs_that_grows_with_it_alone() -> None:
    rows = [member(1, str(number)) for number in range(100)]

    assert len(list(pair_buckets((b"", rows), 64))) == 99 + 98  # the first with each, and each with the next
    assert len(list(pair_buckets((b"", rows), 100))) == 100 * 99 // 2


def test_shingles_go_to_a_partner_once_however_often_they_met() -> None:
    own = ("a", b"12345678", b"")

    assert list(send_shingles((b"A", Partners(own=[own], partners=[b"C", b"B", b"C"])))) == [(b"B", own), (b"C", own)]
    assert list(send_shingles((b"A", Partners(own=[own], partners=[])))) == []


def test_a_pair_must_exceed_the_threshold() -> None:
    one, two = (np.arange(3, dtype="<u8") + start for start in (0, 1))  # 2 of 4 in common
    group = SentShingles(own=[("b", one.tobytes(), b"")], sent=[("a", two.tobytes(), b"")])

    assert list(verify_partners((b"B", group), NearOptions(threshold=0.49))) == [DuplicatePair("a", "b", 0.5, 2 / 3)]
    assert list(verify_partners((b"B", group), NearOptions(threshold=0.5))) == []


def test_a_verdict_names_the_keeper() -> None:
    copy, keeper = (Keepers(ids=[b""], keepers=[("b", 0.9)]) for _ in range(2))

    assert judge_document(("a", copy)) == DuplicateVerdict("a", kept=False, duplicate_of="b", similarity=0.9)
    assert judge_document(("b", keeper)) == DuplicateVerdict("b", True, None, 0.9)
    assert judge_document(("b", Keepers(ids=[b""], keepers=[("b", 0.0)]))) == DuplicateVerdict("b", True, None, None)
    assert judge_document(("c", Keepers(ids=[b""], keepers=[]))) == DuplicateVerdict("c", True, None, None)


def test_rows_of_large_buckets_name_the_first_document_of_their_bucket() -> None:
    rows = [member(1, "a"), member(1, "b"), member(1, "c"), member(2, "a"), member(2, "d")]
    found = list(split_buckets((b"", rows), 2))
    pairs = [frozenset(each) for each in found if isinstance(each, tuple)]
    crowds = [each.value for each in found if isinstance(each, beam.pvalue.TaggedOutput)]

    assert pairs == [frozenset(map(id_digest, "ad"))]
    assert {digest for digest, _ in crowds} == set(map(id_digest, "abc"))
    assert {row for _, row in crowds} == {b"\x01" + bytes(7) + crowds[0][0]}


def test_components_are_named_by_one_of_their_documents() -> None:
    a, b, c, d, e = (bytes([name]) * 16 for name in b"abcde")
    found = dict(label_components((b"", [a + b, c + b, d + e])))

    assert found == {a: a, b: a, c: a, d: d, e: d}


# -- the whole ---------------------------------------------------------------------------------------------------------


def test_pairs_are_those_of_comparing_all_with_all() -> None:
    def build(pipeline: beam.Pipeline) -> dict[str, Any]:
        return {"pairs": documents(pipeline, TEXTS.items()) | transforms.FindNearDuplicates(**ARGUMENTS)}

    found = {(row["a"], row["b"]): row["jaccard"] for row in outputs(build, *THREADS)["pairs"]}

    assert found == pairs_of(TEXTS, OPTIONS)
    assert set(found) == {
        ("chain-a", "chain-b"),
        ("chain-b", "chain-c"),
        ("same-1", "same-2"),
        ("same-1", "same-3"),
        ("same-2", "same-3"),
    }
    assert found["chain-a", "chain-b"] == 8 / 12


@settings(max_examples=6, deadline=None, phases=NO_SHRINKING)
@given(
    st.dictionaries(
        st.integers(0, 99).map(str), st.lists(st.sampled_from("abcd"), max_size=6).map(" ".join), max_size=9
    ),
    st.randoms(use_true_random=False),
    st.integers(1, 4),
    st.sampled_from([(), THREADS]),
    st.integers(0, 2**62 - 1),
)
def test_verdicts_follow_from_the_pairs_whatever_the_order_and_the_bundles(
    texts: dict[str, str], chance: Any, batch: int, beam_args: tuple[str, ...], seed: int
) -> None:
    found = marked(chance.sample(list(texts.items()), len(texts)), *beam_args, seed=seed, batch=batch)

    assert found == verdicts_of(texts, OPTIONS, seed)


@pytest.mark.parametrize("last", ["chain-a", "chain-b", "chain-c"])
def test_what_goes_of_a_chain_resembles_what_stays(last: str) -> None:
    seed = next(seed for seed in range(100) if keeper_rank(list(CHAIN), seed).argmax() == list(CHAIN).index(last))
    found = marked(list(CHAIN.items()), seed=seed)

    assert found == verdicts_of(CHAIN, OPTIONS, seed)
    # The middle goes if it is the last, and both ends stay; otherwise it may be the first and stay alone.
    assert sum(row["kept"] for row in found.values()) in {1, 2}
    assert last != "chain-b" or [found[name]["kept"] for name in CHAIN] == [True, False, True]


def test_verdicts_of_a_flood_and_of_large_buckets_are_those_of_a_run(tmp_path: Path) -> None:
    words = [f"f{at}" for at in range(60)]
    flood = [" ".join([*words[:n], f"v{n}", *words[n + 1 :], f"end{n}"]) for n in range(60)]
    chain = [" ".join(f"w{at}" for at in range(5 * k, 5 * k + 40)) for k in range(20)]
    near = NearOptions(ngram=4, threshold=0.7, max_bucket=8)
    context = deduplicated(tmp_path, {"news": [[*flood, *chain]]}, near)
    (shard,) = context.all_shards()
    ids = context.run.read_table("documents", shard, ["id"])["id"].to_pylist()
    said = {
        name: (row["kept"], None if row["kept"] else ids[row["cluster"]], row["similarity"])
        for name, row in zip(ids, context.run.read_table("verdicts/near", shard).to_pylist(), strict=True)
    }
    texts = list(zip(ids, [*flood, *chain], strict=True))

    def build(pipeline: beam.Pipeline) -> dict[str, Any]:
        mark = transforms.MarkNearDuplicates(ngram=4, threshold=0.7, max_bucket=8, seed=context.recipe.seed)
        return {"verdicts": documents(pipeline, texts) | mark}

    found = outputs(build)["verdicts"]

    assert {row["id"]: (row["kept"], row["duplicate_of"], row["similarity"]) for row in found} == said
    assert sum(kept for kept, _, _ in said.values()) < 20


# The preferences of a recipe give the same keepers as arguments of the transforms: of the variants of a text, those of
# equal length included, and of exact copies.
def test_preferences_are_those_of_a_run(tmp_path: Path) -> None:
    words = [f"w{at}" for at in range(40)]
    variants = [" ".join([*words[:n], f"v{n}", *words[n + 1 :], *["end"] * (n % 3)]) for n in range(12)]
    texts = {"books": [variants[:4]], "news": [variants[4:8], [variants[0], variants[9]]], "web": [variants[8:]]}
    keep = ("source:web>news", "latest", "longest")
    near = NearOptions(ngram=2, threshold=0.7)
    context = run_of(tmp_path, texts, near, DedupOptions(keep=keep), dated=True)
    said: dict[str, dict[str, bool]] = {"exact": {}, "near": {}}
    rows = []
    for shard in context.all_shards():
        table = context.run.read_table("documents", shard, ["id", "text", "metadata"]).to_pylist()
        rows += [
            beam.Row(id=row["id"], text=row["text"], source=shard.source, metadata=json.loads(row["metadata"]))
            for row in table
        ]
        for name, of_shard in said.items():
            kept = context.run.read_table(f"verdicts/{name}", shard, ["kept"])["kept"].to_pylist()
            of_shard |= dict(zip([row["id"] for row in table], kept, strict=True))

    def build(pipeline: beam.Pipeline) -> dict[str, Any]:
        made = pipeline | beam.Create(rows)
        exact = made | transforms.MarkExactDuplicates(seed=7, keep=keep)
        distinct = {"documents": made, "verdicts": exact} | transforms.ApplyVerdicts()
        mark = transforms.MarkNearDuplicates(ngram=2, threshold=0.7, seed=7, keep=keep)
        return {"exact": exact, "near": distinct | mark}

    found = outputs(build)

    assert {row["id"]: row["kept"] for row in found["exact"]} == said["exact"]
    assert {row["id"]: row["kept"] for row in found["near"]} == {
        name: kept for name, kept in said["near"].items() if said["exact"][name]
    }
    assert sum(not row["kept"] for row in found["exact"]) == 2
    (web,) = context.shards("web")
    preferred = context.run.read_table("documents", web, ["id"])["id"].to_pylist()
    assert {row["id"] for row in found["near"] if row["kept"]} < set(preferred)


@pytest.mark.parametrize(
    ("keep", "complaint"),
    [
        (["source:a>b"], "MarkNearDuplicates: want rows with a field 'source' of type str"),
        (["latest"], "MarkNearDuplicates: want rows with a field 'metadata', a mapping"),
    ],
)
def test_a_preference_needs_its_field(keep: list[str], complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        outputs(lambda pipeline: {"x": documents(pipeline, TEXTS.items()) | transforms.MarkNearDuplicates(keep=keep)})


def test_an_unknown_preference_is_refused() -> None:
    with pytest.raises(UserError, match='MarkNearDuplicates: keep: want "source:A>B"'):
        transforms.MarkNearDuplicates(keep=["oldest"])
    with pytest.raises(UserError, match='MarkExactDuplicates: keep: want "source:A>B"'):
        transforms.MarkExactDuplicates(keep="oldest")


def test_verdicts_on_documents_of_several_sources_can_be_applied_again_and_again() -> None:
    # The embedded runner stops in the middle of such a pipeline where a branch comes straight from the documents.
    def build(pipeline: beam.Pipeline) -> dict[str, Any]:
        first = pipeline | "First" >> beam.Create([beam.Row(id=name, text=text) for name, text in TEXTS.items()])
        second = pipeline | "Second" >> beam.Create([beam.Row(id="other", text=TEXTS["alone"])])
        rows = (first, second) | beam.Flatten()
        for round_ in ("1", "2"):
            exact = rows | f"Exact{round_}" >> transforms.MarkExactDuplicates()
            rows = {"documents": rows, "verdicts": exact} | f"Distinct{round_}" >> transforms.ApplyVerdicts()
            verdicts = rows | f"Near{round_}" >> transforms.MarkNearDuplicates(**ARGUMENTS)
            rows = {"documents": rows, "verdicts": verdicts} | f"Clean{round_}" >> transforms.ApplyVerdicts()
        return {"rows": rows}

    names = {row["id"] for row in outputs(build)["rows"]}

    assert len(names & {"alone", "other"}) == 1
    assert len(names & {"same-1", "same-2", "same-3"}) == 1
    assert {"none", "short"} < names


def test_no_text_crosses_a_shuffle(monkeypatch: pytest.MonkeyPatch) -> None:
    shuffled: list[bytes] = []
    append = GroupingBuffer.append

    def watched(self: GroupingBuffer, elements_data: bytes) -> None:
        shuffled.append(elements_data)
        append(self, elements_data)

    def build(pipeline: beam.Pipeline) -> dict[str, Any]:
        rows = documents(pipeline, texts)
        exact = rows | transforms.MarkExactDuplicates()
        distinct = {"documents": rows, "verdicts": exact} | "Distinct" >> transforms.ApplyVerdicts()
        verdicts = distinct | transforms.MarkNearDuplicates(**ARGUMENTS)
        return {"rows": {"documents": distinct, "verdicts": verdicts} | "Clean" >> transforms.ApplyVerdicts()}

    monkeypatch.setattr(GroupingBuffer, "append", watched)
    story = " ".join(f"unmistakable{number}" for number in range(50))
    texts = [("first", story), ("second", f"{story} more"), ("third", story)]
    rows = outputs(build)["rows"]
    with_text = [data for data in shuffled if b"unmistakable" in data]

    assert len(rows) == 1
    assert any(b"first" in data for data in shuffled if data not in with_text)  # ids do cross
    assert len(with_text) == 1  # by which Create deals the documents out
    assert with_text[0].count(b"unmistakable0 ") == len(texts)


def test_an_id_that_occurs_twice_is_refused() -> None:
    with pytest.raises(UserError, match="want each id once, got 'a' twice"):
        marked([("a", "a b c"), ("a", "x y z")])
    with pytest.raises(UserError, match="want each id once, got 'a' twice"):
        marked([("a", "a b c"), ("a", "a b c"), ("b", "a b c")])
