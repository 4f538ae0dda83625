"""What the report and `trace` say about the near-duplicates of a run: chains by representative and as one cluster."""

import pytest
from near_runs import deduplicated

from massivetext.cli.trace_tables import _copies
from massivetext.recipe import NearOptions
from massivetext.report.duplicates import near_duplicates, pair_examples, path_to_keeper
from massivetext.report.examples import DocumentLocation, ExampleReader, document_ref
from massivetext.report.sections.copies_section import _components
from massivetext.report.trace import _verdict
from massivetext.runs.context import Context
from massivetext.runs.store import Manifest
from massivetext.stages import NEAR_DEDUP

# Neighbours share 83 of 93 shingles, documents two steps apart 78 of 98: below 0.8.
CHAIN = [" ".join(f"w{at}" for at in range(5 * k, 5 * k + 100)) for k in range(12)]


def finished(context: Context) -> Context:
    key = context.stage_keys[NEAR_DEDUP.name]
    commits = tuple(context.run.commits(NEAR_DEDUP.name, key))
    context.run.commit(NEAR_DEDUP, Manifest(NEAR_DEDUP.name, key, {}, commits, {}))
    return context


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Context:
    return finished(deduplicated(tmp_path_factory.mktemp("chain"), {"news": [CHAIN]}))


@pytest.fixture(scope="module")
def transitive(tmp_path_factory: pytest.TempPathFactory) -> Context:
    near = NearOptions(clusters="transitive")
    return finished(deduplicated(tmp_path_factory.mktemp("transitive"), {"news": [CHAIN]}, near))


def locations(context: Context, *, kept: bool) -> list[DocumentLocation]:
    (shard,) = context.all_shards()
    verdicts = context.run.read_table("verdicts/near", shard, ["kept"])["kept"].to_pylist()
    return [DocumentLocation(shard, row) for row, each in enumerate(verdicts) if each == kept]


def test_the_report_counts_what_stays_of_a_component(context: Context) -> None:
    report = near_duplicates(context, ExampleReader(context))
    kept = len(locations(context, kept=True))

    assert report.components is not None
    (largest,) = report.components.largest
    assert (largest.documents, largest.kept, largest.diameter) == (12, kept, 11)
    assert report.components.kept_apart == kept - 1
    assert report.clusters.removed == 12 - kept
    html = str(_components(report.components))
    assert f"1 component. {kept - 1} of these documents resemble no kept one and are kept" in html


def test_with_transitive_clusters_the_components_are_the_clusters(transitive: Context) -> None:
    report = near_duplicates(transitive, ExampleReader(transitive))

    assert report.components is None
    assert report.clusters.sizes == ((12, 1),)


def test_a_sampled_near_duplicate_is_shown_with_its_keeper(context: Context) -> None:
    removed = locations(context, kept=False)
    kept = {location.row for location in locations(context, kept=True)}
    shown = pair_examples(context, ExampleReader(context), removed)

    assert len(shown) == len(removed)
    assert {int(pair.other.key) for pair in shown} <= kept
    assert {pair.jaccard for pair in shown} == {83 / 93}


def test_a_trace_gives_the_similarity_with_the_kept_document(context: Context) -> None:
    for location in locations(context, kept=False):
        verdict = _verdict(context, location, NEAR_DEDUP.name)
        assert verdict.keeper is not None
        assert (verdict.similarity, verdict.path) == (83 / 93, ())


def test_a_trace_shows_the_way_to_the_kept_document_of_a_cluster(transitive: Context) -> None:
    (keeper,) = locations(transitive, kept=True)
    ref = document_ref(transitive, keeper)
    for location in locations(transitive, kept=False):
        steps = abs(location.row - keeper.row)
        verdict = _verdict(transitive, location, NEAR_DEDUP.name)
        way = path_to_keeper(transitive, document_ref(transitive, location), ref)

        assert [other for other, _ in way][-1] == ref
        assert [jaccard for _, jaccard in way] == [83 / 93] * steps
        assert len(verdict.path) == (steps if steps > 1 else 0)
        assert verdict.similarity == (83 / 93 if steps == 1 else _measured(steps, verdict.similarity))


def _measured(steps: int, similarity: float | None) -> float | None:
    # Pairs below the threshold are measured if they share a bucket.
    assert similarity in {None, (88 - 5 * steps) / (88 + 5 * steps)}
    return similarity


def test_the_way_is_printed(transitive: Context) -> None:
    (keeper,) = locations(transitive, kept=True)
    farthest = max(locations(transitive, kept=False), key=lambda location: abs(location.row - keeper.row))
    verdict = _verdict(transitive, farthest, NEAR_DEDUP.name)
    printed = _copies(verdict).plain

    assert "connected with" in printed
    assert printed.count("(0.892)") == len(verdict.path) == abs(farthest.row - keeper.row)


def test_a_document_that_is_not_in_the_cluster_has_no_way(transitive: Context) -> None:
    (keeper,) = locations(transitive, kept=True)

    assert path_to_keeper(transitive, 12345, document_ref(transitive, keeper)) == []
