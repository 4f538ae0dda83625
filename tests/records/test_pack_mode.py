"""Runs in mode "pack": every kept document is in the records whole and once per epoch, and the budget is kept."""

import itertools
import shutil
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from jsonl_corpus import write

from massivetext.cli.main import run_command_line
from massivetext.engines.engine import Engine
from massivetext.errors import UserError
from massivetext.jobs.split_documents import count_shard
from massivetext.orchestration.driver import prepare
from massivetext.recipe import load_recipe
from massivetext.records.dataset import Dataset
from massivetext.records.reader import check_records, open_records, read_dataset
from massivetext.report.destinations import destinations
from massivetext.report.examples import locate_row
from massivetext.report.mixture_rows import plan_mixture, read_mixture
from massivetext.report.record_contents import read_record
from massivetext.report.trace import find_documents
from massivetext.runs import documents
from massivetext.runs.store import Run
from massivetext.runs.verify import verify_run
from massivetext.runs.work_items import WorkItem
from massivetext.stages.finished import open_context
from massivetext.tokenizer.model_files import read_encoder

LENGTH = 64  # of the corpus; most of its documents are longer
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tokenized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a recipe, its inputs, and a run that has a tokenizer."""
    folder = tmp_path_factory.mktemp("pack") / "corpus"
    recipe = write(folder, shards=2, documents=12)
    prepare(load_recipe(str(recipe)), str(folder / "run"), Engine(workers=1), until="tokenizer").run()
    return folder


def run(tokenized: Path, folder: Path, options: str, source: str = "", *, workers: int = 1) -> Run:
    """Go on with a copy of the run by other options of the records; ``source`` is added to the source c4."""
    shutil.copytree(tokenized, folder)
    recipe = folder / "recipe.toml"
    text = recipe.read_text().replace("[records]\n", f"[records]\n{options}\n")
    recipe.write_text(text.replace("[sources.c4]\n", f"[sources.c4]\n{source}\n"))
    prepare(load_recipe(str(recipe)), str(folder / "run"), Engine(workers=workers)).run()
    return Run(str(folder / "run"))


def kept_tokens(done: Run) -> dict[str, list[tuple[int, ...]]]:
    """Return the tokens of every kept document with BOS and EOS, by source."""
    context = open_context(done)
    model = read_encoder(done.path("tokenizer/tokenizer.model"))
    found: dict[str, list[tuple[int, ...]]] = {source: [] for source in context.recipe.sources}
    for shard in context.all_shards():
        rows = context.kept(shard).nonzero()[0]
        texts = [str(each["text"]) for _, each in documents.read_rows(done, shard, ["text"], rows)]
        found[shard.source] += [(2, *ids.tolist(), 3) for ids in model.encode(texts)]
    return found


def pieces(done: Run) -> dict[str, list[tuple[int, ...]]]:
    """Return what lies between two document starts of the records, without padding, by source."""
    folder = done.path("records")
    dataset = read_dataset(folder)
    found: dict[str, list[tuple[int, ...]]] = {source.name: [] for source in dataset.sources}
    for record in open_records(folder):
        bounds = [*record.doc_starts.tolist(), len(record.tokens)]
        for start, stop in itertools.pairwise(bounds):
            tokens = record.tokens[start:stop]
            found[dataset.sources[record.source].name].append(tuple(tokens[tokens != 0].tolist()))
    return found


def require_sound(done: Run) -> Dataset:
    """Check a run as `massivetext verify` does, and return its data set."""
    assert verify_run(done) == []
    assert check_records(done.path("records")) == []
    return read_dataset(done.path("records"))


@pytest.mark.parametrize("epochs", [1, 3])
def test_best_fit_cuts_only_documents_that_do_not_fit_a_sequence(tokenized: Path, tmp_path: Path, epochs: int) -> None:
    done = run(tokenized, tmp_path / "run", f'mode = "pack"\nepochs = {epochs}')
    dataset, kept, found = require_sound(done), kept_tokens(done), pieces(done)

    for source in dataset.sources:
        wanted = Counter(
            text[start : start + LENGTH] for text in kept[source.name] for start in range(0, len(text), LENGTH)
        )
        assert Counter(found[source.name]) == Counter({piece: epochs * count for piece, count in wanted.items()})
        assert source.tokens == epochs * sum(map(len, kept[source.name]))
        assert source.kept_tokens == sum(map(len, kept[source.name]))
        assert (source.covered_frac, source.mean_reads, source.most_reads) == (1.0, epochs, epochs)
    assert dataset.pad_occurs
    assert dataset.mixture.limited_by == f"the recipe: {epochs} epoch{'s' * (epochs > 1)} of every source"


def test_joined_documents_are_all_there_and_only_the_last_sequence_is_padded(tokenized: Path, tmp_path: Path) -> None:
    done = run(tokenized, tmp_path / "run", 'mode = "pack"\npacking = "concatenate"')
    dataset, kept, found = require_sound(done), kept_tokens(done), pieces(done)

    for source in dataset.sources:
        tokens = Counter(token for text in kept[source.name] for token in text)
        assert Counter(token for piece in found[source.name] for token in piece) == tokens
        assert 0 <= source.padding < LENGTH
        assert source.sequences == -(-tokens.total() // LENGTH)


@pytest.mark.parametrize("packing", ["best_fit", "concatenate"])
def test_a_budget_is_shared_out_by_weight_and_repeats_documents(tokenized: Path, tmp_path: Path, packing: str) -> None:
    done = run(tokenized, tmp_path / "run", f'mode = "pack"\npacking = "{packing}"\ntokens = {LENGTH * 701}')
    dataset = require_sound(done)

    assert [source.sequences for source in dataset.sources] == [351, 350]  # equal weights; the tie goes to the first
    for source in dataset.sources:
        assert source.most_reads - 1 <= source.mean_reads <= source.most_reads
        assert source.covered_frac == 1.0
        assert source.mean_reads == pytest.approx(source.tokens / source.kept_tokens, rel=0.02)
    assert dataset.mixture.limited_by == "records.tokens"


def test_part_of_an_epoch_covers_as_much_of_the_text(tokenized: Path, tmp_path: Path) -> None:
    dataset = require_sound(run(tokenized, tmp_path / "run", 'mode = "pack"\nsequences = 40'))

    for source in dataset.sources:
        assert source.covered_frac == pytest.approx(source.tokens / source.kept_tokens, abs=0.02)
        assert source.most_reads == 1


def test_too_many_epochs_are_refused_with_the_largest_budget_that_is_possible(tokenized: Path, tmp_path: Path) -> None:
    for mode in ("pack", "gopher"):
        options = f'mode = "{mode}"\nmax_epochs = 2'
        with pytest.raises(UserError, match=r"At most [\d,]+ sequences \(") as refused:
            run(tokenized, tmp_path / mode, f"{options}\nsequences = 5000")
        failed = Run(str(tmp_path / mode / "run"))
        with pytest.raises(UserError, match=r"At most [\d,]+ sequences \("):
            plan_mixture(open_context(failed), load_recipe(str(tmp_path / mode / "recipe.toml")).recipe)
        feasible = int(str(refused.value).split("At most ")[1].split(" ")[0].replace(",", ""))
        done = run(tokenized, tmp_path / f"{mode}-feasible", f"{options}\nsequences = {feasible}")
        assert max(source.mean_reads for source in require_sound(done).sources) <= 2.0
        with pytest.raises(UserError, match="in 2 epochs"):
            run(tokenized, tmp_path / f"{mode}-more", f"{options}\nsequences = {feasible + 2}")


def test_sources_may_differ_in_mode_and_epochs(tokenized: Path, tmp_path: Path) -> None:
    done = run(tokenized, tmp_path / "run", 'mode = "pack"', 'mode = "gopher"\nepochs = 4')
    c4, news = require_sound(done).sources

    assert (c4.mode, news.mode) == ("gopher", "pack")
    assert c4.padding == 0
    assert c4.epochs == pytest.approx(4, abs=0.5)
    assert (news.covered_frac, news.epochs) == (1.0, 1.0)


def test_two_workers_write_the_same_bytes(tokenized: Path, tmp_path: Path) -> None:
    one, two = (
        run(tokenized, tmp_path / str(workers), 'mode = "pack"\nepochs = 2', workers=workers) for workers in (1, 2)
    )

    assert read_dataset(one.path("records")) == read_dataset(two.path("records"))


def test_every_token_of_a_document_is_traced_to_its_records(tokenized: Path, tmp_path: Path) -> None:
    done = run(tokenized, tmp_path / "run", 'mode = "pack"\nepochs = 2')
    context, records = open_context(done), list(open_records(done.path("records")))
    names = [shard.path for shard in read_dataset(done.path("records")).train.shards]
    model = read_encoder(done.path("tokenizer/tokenizer.model"))
    for shard in context.all_shards():
        for row in context.kept(shard).nonzero()[0].tolist():
            found = destinations(context, locate_row(context, shard.source, shard.index, row))
            ((_, document),) = documents.read_rows(done, shard, ["text"], np.array([row]))
            ids = [2, *model.encode([str(document["text"])])[0].tolist(), 3]
            for draw in {each.draw for each in found}:
                tokens = []
                for each in (each for each in found if each.draw == draw):
                    in_file = [record for record in records if record.seq_id % len(names) == names.index(each.file)]
                    tokens += in_file[each.record].tokens[each.position : each.position + each.tokens].tolist()
                assert tokens == ids
            assert len({each.draw for each in found}) == 2


def test_the_mixture_is_told_before_and_after(
    tokenized: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = run(tokenized, tmp_path / "run", 'mode = "pack"')
    context = open_context(done)
    planned, made = plan_mixture(context, context.recipe), read_mixture(context)

    for plan, found in zip(planned.rows, made.rows, strict=True):
        assert plan.kept_bytes == found.kept_bytes
        assert plan.kept_tokens == pytest.approx(found.kept_tokens, rel=0.05)
        assert plan.covered == found.covered == 1.0
        assert plan.padding / plan.tokens == pytest.approx(found.padding / found.tokens, abs=0.02)
        assert (plan.tokens_are_estimated, found.tokens_are_estimated) == (True, False)
    assert run_command_line(["mixture", done.folder]) == 0
    assert "100.0%" in capsys.readouterr().out
    gopher = tmp_path / "gopher.toml"
    gopher.write_text((tmp_path / "run/recipe.toml").read_text().replace('mode = "pack"', ""))
    shutil.copytree(tmp_path / "run", tmp_path / "again")
    assert run_command_line(["mixture", done.folder, "--plan", "--recipe", str(gopher)]) == 0
    estimated = capsys.readouterr().out
    assert "runs out first at its weight" in estimated


@pytest.mark.parametrize("options", ['mode = "pack"', 'doc_ids = "record"', 'mode = "pack"\ndoc_ids = "none"'])
def test_a_record_says_which_documents_it_holds(tokenized: Path, tmp_path: Path, options: str) -> None:
    done = run(tokenized, tmp_path / "run", options)
    context, records = open_context(done), open_records(done.path("records"))
    require_sound(done)

    if "none" in options:
        assert not Path(done.path("records/documents")).exists()
        with pytest.raises(UserError, match="it is not stored which documents"):
            read_record(context, 0)
        return
    for sequence in (0, 1, len(records) // 2, len(records) - 1):
        found, record = read_record(context, sequence), records[sequence]
        assert [piece.position for piece in found.pieces] == record.doc_starts.tolist()
        assert sum(piece.tokens for piece in found.pieces) + found.padding == len(record.tokens)
        for piece in found.pieces:
            (location,) = find_documents(context, piece.document).documents
            places = {(each.file, each.record, each.position) for each in destinations(context, location)}
            assert (found.file, found.record, piece.position) in places
            ((_, document),) = documents.read_rows(done, location.shard, ["text"], np.array([location.row]))
            assert piece.text.strip("\ufffd") in unicodedata.normalize("NFKC", str(document["text"]))
        assert (record.doc_ids is not None) == ("doc_ids" in options)
    with pytest.raises(UserError, match="SEQUENCE: want 0 to"):
        read_record(context, len(records))


@pytest.mark.parametrize("mode", ["pack", "gopher"])
@pytest.mark.parametrize("per_source", ["false", "true"])
def test_held_out_documents_are_in_no_training_record(
    tokenized: Path, tmp_path: Path, mode: str, per_source: str
) -> None:
    splits = f"{{ validation = 0.25, per_source = {per_source} }}"
    done = run(tokenized, tmp_path / "run", f'mode = "{mode}"\nsplits = {splits}')
    dataset, context = require_sound(done), open_context(done)
    names = ["validation_c4", "validation_news"] if per_source == "true" else ["validation"]

    assert sorted(dataset.splits) == sorted(["train", *names])
    held: dict[str, set[str]] = {}
    for name, split in dataset.splits.items():
        held[name] = {
            piece.document for number in range(split.sequences) for piece in read_record(context, number, name).pieces
        }
        assert all(shard.path.startswith(f"{name}-0") for shard in split.shards)
    for one, other in itertools.combinations(held.values(), 2):
        assert not one & other
    kept = sum(int(context.kept(shard).sum()) for shard in context.all_shards())
    outside = sum(len(held[name]) for name in names)
    planned, made = plan_mixture(context, context.recipe), read_mixture(context)
    assert [each.split for each in made.held_out] == names
    assert [(each.split, each.documents) for each in planned.held_out] == [
        (each.split, each.documents) for each in made.held_out
    ]
    assert sum(each.tokens or 0 for each in made.held_out) == sum(dataset.splits[name].tokens for name in names)
    assert [row.kept_bytes for row in planned.rows] == [row.kept_bytes for row in made.rows]
    for shard in context.all_shards():
        counts = count_shard(context, WorkItem(shard, (), 1.0)).counts
        sizes = {name: context.for_split(name).sizes_in_split(shard) for name in ["train", *names]}
        assert {name: counts.get(f"{name}_kept", 0) for name in sizes} == {name: len(of) for name, of in sizes.items()}
        assert counts["train_kept_bytes"] == sizes["train"].sum()
        assert 0 < counts["train_crop_bytes"] <= counts["train_kept_bytes"]
    assert str(made.held_out[0]) in Path(done.path("report/index.html")).read_text()
    assert outside == sum(each.documents for name in names for each in dataset.splits[name].sources.values())
    assert outside == pytest.approx(kept / 4, abs=kept / 6)
    if mode == "pack":
        assert len(held["train"]) + outside == kept
    for name in names:
        for document in held[name]:
            (location,) = find_documents(context, document).documents
            assert {each.file.split("-")[0] for each in destinations(context, location)} == {name}
