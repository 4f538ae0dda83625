"""The public names of the package: which there are, what an import costs, and what the functions return."""

import logging
import pkgutil
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonl_corpus
import pytest
from command import ROOT

import massivetext
from massivetext import transforms
from massivetext.cli import main
from massivetext.orchestration import driver
from massivetext.stages import STAGES

PUBLIC = [
    "ApplyVerdicts",
    "CheckResult",
    "DocumentRow",
    "DuplicatePair",
    "DuplicateVerdict",
    "EncodeTokens",
    "FindNearDuplicates",
    "JudgeRules",
    "LoadedRecipe",
    "MarkContamination",
    "MarkExactDuplicates",
    "MarkNearDuplicates",
    "MarkUrlDuplicates",
    "MassivetextError",
    "MeasureSignals",
    "OpenedRun",
    "ReadDocuments",
    "RejectedRow",
    "RunResult",
    "SourceCheck",
    "StageError",
    "UserError",
    "__version__",
    "check",
    "load",
    "load_recipe",
    "open",
    "run",
]
HEAVY = ("apache_beam", "numba", "pyarrow", "numpy", "msgspec")
IMPORT = f"""
import sys, time
started = time.process_time()
import massivetext
print(time.process_time() - started)
print(*(name for name in {HEAVY!r} if name in sys.modules))
"""


def test_the_public_names_are_these() -> None:
    assert sorted(massivetext.__all__) == PUBLIC
    assert set(transforms.__all__) <= set(PUBLIC)
    assert set(PUBLIC) <= set(dir(massivetext))


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_can_be_imported(name: str) -> None:
    found = getattr(massivetext, name)

    assert name == "__version__" or found.__name__ == name


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'massivetext' has no attribute 'walk'"):
        massivetext.walk  # noqa: B018


def test_no_module_has_the_name_of_a_function() -> None:
    # An imported submodule would become the attribute instead of the function.
    assert main.app is not None
    assert driver.Driver is not None
    assert callable(massivetext.run)
    assert callable(massivetext.check)
    assert {module.name for module in pkgutil.iter_modules(massivetext.__path__)} & set(PUBLIC) == set()


def test_the_import_is_quick_and_loads_no_large_library() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True, cwd=ROOT)
    seconds, loaded = done.stdout.split("\n")[:2]

    assert loaded == ""
    assert float(seconds) < 0.05


def test_the_package_says_that_it_is_typed() -> None:
    assert Path(massivetext.__path__[0], "py.typed").read_bytes() == b""


def test_every_error_has_the_common_base() -> None:
    assert issubclass(massivetext.UserError, massivetext.MassivetextError)
    assert issubclass(massivetext.StageError, massivetext.MassivetextError)
    with pytest.raises(massivetext.UserError, match=r"nowhere\.toml: no such recipe"):
        massivetext.load_recipe(Path("nowhere.toml"))


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a recipe of two sources of two shards of three documents."""
    folder = tmp_path / "corpus"
    jsonl_corpus.write(folder, shards=2, documents=3)
    monkeypatch.chdir(folder)
    return folder


def snippet(page: str) -> str:
    """The first Python example of a page."""
    found = re.search(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found.group(1)


def test_the_example_of_the_page_runs_and_a_second_run_does_nothing(
    corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exec(compile(snippet("api.md"), "api.md", "exec"), {})
    sizes = {source: sum(path.stat().st_size for path in corpus.glob(f"{source}-*")) for source in ("c4", "news")}

    # All documents are kept: the sources have no rules.
    assert capsys.readouterr().out.splitlines() == [
        f"c4: 2 shards, {sizes['c4']} bytes, 0 rules",
        f"news: 2 shards, {sizes['news']} bytes, 0 rules",
        "ingest, measure, judge done, 12 documents kept",
    ]

    again = massivetext.run("recipe.toml", corpus / "runs" / "first", until="judge")

    assert again.folder == str(corpus / "runs" / "first")
    assert (again.stages, again.records, again.report) == ((), None, None)
    assert again.funnel.total(again.funnel.stages[-1]).documents == 12


def test_a_check_says_what_a_run_will_do(corpus: Path) -> None:
    checked = massivetext.check(corpus / "recipe.toml")
    news = checked.sources["news"]

    assert (checked.name, list(checked.sources), checked.missing_demo) == ("corpus", ["c4", "news"], None)
    assert news.files == tuple(str(corpus / f"news-{shard:03d}.jsonl") for shard in range(2))
    assert (news.kind, news.edits, news.rules) == ("news", (), ())
    assert (news.deduplicates, news.decontaminates) == (True, True)
    assert checked.stage_keys is not None
    assert list(checked.stage_keys) == [stage.name for stage in STAGES if not stage.is_optional]
    assert sorted(path.name for path in corpus.iterdir()) == [
        *("c4-000.jsonl", "c4-001.jsonl", "items.txt", "news-000.jsonl", "news-001.jsonl", "recipe.toml"),
    ]


def test_a_check_before_the_demo_corpus_is_written_has_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    checked = massivetext.check("quickstart")

    assert checked.missing_demo == str(tmp_path / "massivetext-demo")
    assert checked.stage_keys is None
    assert {(source.files, source.size, source.shards) for source in checked.sources.values()} == {(None, None, None)}
    assert checked.sources["web"].rules[0].name == "language/language"
    assert list(tmp_path.iterdir()) == []


def test_arguments_that_cannot_be_are_refused(corpus: Path) -> None:
    with pytest.raises(massivetext.UserError, match=r"run: seed: want a whole number from 0 to .*, got -1"):
        massivetext.run("recipe.toml", "out", seed=-1)
    with pytest.raises(massivetext.UserError, match="--workers: want at least 1, got 0"):
        massivetext.run("recipe.toml", "out", workers=0)
    with pytest.raises(massivetext.UserError, match=r"--until: want one of ingest, .*, got 'judgment'"):
        massivetext.run("recipe.toml", "out", until="judgment")
    assert not (corpus / "out").exists()


def test_warnings_go_to_the_log_unless_somebody_is_named_for_them(
    corpus: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = (corpus / "recipe.toml").read_text().replace("rules = []", 'rules = ["all.toml"]')
    (corpus / "recipe.toml").write_text(f"{text}\n[guards]\nenough_documents = 1\nempty_source = 'warn'\n")
    (corpus / "all.toml").write_text('[[rule]]\nsignal = "word_count"\nmax = 1\nsource = "ours: drops all"\n')
    heard: list[str] = []
    massivetext.run("recipe.toml", "heard", until="judge", notify=heard.append)
    with caplog.at_level(logging.WARNING, logger="massivetext.api"):
        massivetext.run("recipe.toml", "logged", until="judge", seed=5)

    assert heard
    assert [record.getMessage() for record in caplog.records if record.name == "massivetext.api"] == heard


@pytest.mark.parametrize("path", [None, 1, b"x", [], {}, "", "\0", "x" * 5000], ids=lambda path: repr(path)[:10])
def test_what_is_no_path_is_refused_in_words(path: object, tmp_path: Path) -> None:
    recipe = jsonl_corpus.write(tmp_path / "corpus", shards=1, documents=1)
    calls: list[Callable[[Any], object]] = [
        massivetext.load_recipe,
        massivetext.check,
        lambda output: massivetext.run(recipe, output),
    ]
    for call in calls:
        with pytest.raises(massivetext.UserError, match=r"want a path|cannot be read|File name too long"):
            call(path)


@pytest.mark.parametrize(
    ("argument", "values", "message"),
    [
        ("workers", ["2", 1.5, True, None], "run: workers: want a whole number, got"),
        ("beam_args", ["--x", [1], None], "run: beam_args: want a list of strings"),
        ("notify", [1], "run: notify: want a function"),
        ("until", [3, []], "run: until: want the name of a stage"),
        ("seed", ["x", True, 1.5, -1], "run: seed: want a whole number"),
    ],
)
def test_arguments_of_another_type_are_refused_in_words(
    argument: str, values: list[object], message: str, tmp_path: Path
) -> None:
    recipe = jsonl_corpus.write(tmp_path / "corpus", shards=1, documents=1)
    run: Callable[..., object] = massivetext.run
    for value in values:
        with pytest.raises(massivetext.UserError, match=message):
            run(recipe, tmp_path / "run", **{argument: value})
    assert not (tmp_path / "run").exists()
