"""Every command, given something wrong, ends in one message that names the place and the remedy."""

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from massivetext.cli.main import run_command_line

RECIPE = 'name = "x"\n[sources.a]\nkind = "news"\ninputs = ["a.jsonl"]\nweight = 1.0\n'
RULES = '[[rule]]\nsignal = "word_count"\nmin = 5\nsource = "ours: a test"\n'
LINE = json.dumps({"text": "The river rises in the hills and runs to the sea. " * 20}) + "\n"


class Wrong(NamedTuple):
    """Something wrong: the arguments, files to write beside `a.jsonl` and `ok.toml`, and what the message says."""

    name: str
    arguments: tuple[str, ...]
    message: str
    files: Mapping[str, str | bytes] = {}
    code: int = 2


def of_recipe(name: str, recipe: str, message: str, **files: str | bytes) -> Wrong:
    """Return the case of a recipe that `check` refuses; names of files have `_` for their last dot."""
    named = {"dot".join(key.rsplit("_", 1)).replace("dot", "."): text for key, text in files.items()}
    return Wrong(name, ("check", "r.toml"), message, {"r.toml": recipe, **named})


def more(table: str) -> str:
    """Return the recipe with more keys or tables at its end."""
    return RECIPE + table


RUN = ("run", "ok.toml", "--output", "run")
ARGUMENTS = [
    Wrong("no recipe", ("run",), "Missing argument 'RECIPE'.*`massivetext run --help`"),
    Wrong("no output", ("run", "ok.toml"), "Missing option '--output'.*--help"),
    Wrong("unknown command", ("rnu",), "No such command 'rnu'"),
    Wrong("unknown option", (*RUN, "--worker", "2"), "No such option: --worker"),
    Wrong("unknown stage", (*RUN, "--until", "dedup"), "--until: want one of ingest, .*, got 'dedup'"),
    Wrong("no workers", (*RUN, "--workers", "0"), "'--workers'.*1"),
    Wrong("workers in words", (*RUN, "--workers", "two"), "'--workers'.*'two'|'--workers'.*integer"),
    Wrong("negative seed", (*RUN, "--seed", "-1"), "'--seed'"),
    Wrong("unknown option of Beam", (*RUN, "--", "--sparkmaster=x"), "--sparkmaster: Beam knows no such option"),
    Wrong("wrong value for Beam", (*RUN, "--", "--num_workers=many"), "Beam refuses its options: .*'many'"),
    Wrong("direct runner", (*RUN, "--", "--runner=DirectRunner"), "--runner: DirectRunner .* leave the option out"),
    Wrong("no such runner", (*RUN, "--", "--runner=Nosuch"), "--runner=Nosuch: .*DataflowRunner"),
    Wrong("a runner without a name", (*RUN, "--", "--runner="), "--runner: want the name of a runner"),
    Wrong("a runner that cannot be imported", (*RUN, "--", "--runner=no.Such"), "--runner=no.Such: cannot be imported"),
    Wrong("words for Beam", (*RUN, "--", "fast"), "'fast': want options of Beam after --"),
    Wrong(
        "workers by the million", ("plan", "ok.toml", "--workers", "9" * 20), "'--workers': want at most 1000000, got"
    ),
    Wrong("a record in words", ("record", "run", "x"), "'SEQUENCE': want a whole number, got 'x'"),
    Wrong("a log of 300 characters", ("log", "x" * 300), "File name too long; give the folder of a run"),
    Wrong("no size of memory", ("engine", "spark", "--memory", "much"), "--memory: want a size .* got 'much'"),
    Wrong("no run", ("log", ""), "RUN: want a value, got an empty one"),
    Wrong("recipe that is missing", ("check", "no.toml"), "no.toml: no such recipe; give a TOML file or one of books"),
    Wrong("recipe that is a folder", ("check", "."), "no such recipe; give a TOML file"),
    Wrong("recipe with a NUL character in its path", ("check", "a\0b"), "cannot be read: embedded null"),
    Wrong("recipe of 5,000 characters", ("check", "x" * 5000), "cannot be read: File name too long"),
    Wrong("recipe without end", ("check", "/dev/zero"), "/dev/zero.*more than 16,777,216 bytes"),
    Wrong("text without end", ("signals", "/dev/zero"), "/dev/zero: want one text of at most"),
    Wrong("watch of a device", ("watch", "/dev/null"), "/dev/null: no log here"),
    Wrong("log of a device", ("log", "/dev/null"), "/dev/null: no log here"),
    Wrong("recipe that is not UTF-8", ("check", "r.toml"), "r.toml: want UTF-8 text", {"r.toml": b"\xff"}),
    Wrong("trace without a run", ("trace", "nowhere", "x"), "nowhere: no run here; give the folder"),
    Wrong("report without a run", ("report", "nowhere"), "nowhere: no run here; give the folder"),
    Wrong("verify without a run", ("verify", "nowhere"), "nowhere: no run here"),
    Wrong("sample that is no run", ("plan", "ok.toml", "--sample", "nowhere"), "--sample: .*nowhere: no run here"),
    Wrong("size without a unit", ("plan", "ok.toml", "--raw", "3QB"), "--raw: want a size such as .*, got '3QB'"),
    Wrong(
        "unknown price", ("plan", "ok.toml", "--price", "disk=3"), "--price: want NAME=DOLLARS with one of vcpu_hour"
    ),
    Wrong("signals of no file", ("signals", "no.html"), "no.html: want a file, or - for standard input"),
    of_recipe(
        "unknown rule set", RECIPE.replace("weight", 'rules = ["gofer"]\nweight'), "r.toml: sources.a.rules: .*gofer"
    ),
    of_recipe("a demo in a file", 'demo = "a.jsonl"\n' + RECIPE, "r.toml: demo: want a folder, got the file"),
    Wrong(
        "unknown rule set for signals",
        ("signals", "a.jsonl", "--rules", "gofer"),
        r"'gofer': want one of .*mean 'gopher'",
    ),
    Wrong("unknown edit", ("signals", "a.jsonl", "--edits", "refined"), "edit 'refined': want one of c4"),
    Wrong("demo in a file", ("demo", "a.jsonl"), "DIR: .*a.jsonl is a file; give another folder"),
    Wrong(
        "classifier of another suffix", ("classifier", "train", "a.jsonl", "-o", "m.bin"), "a name that ends in .ftz"
    ),
    Wrong("classifier without labels", ("classifier", "train", "a.jsonl", "-o", "m.ftz"), "a.jsonl.*label"),
]
OUTPUTS = [
    Wrong("a file", (*RUN[:3], "a.jsonl"), "--output: .*a.jsonl is a file; give another folder"),
    Wrong("below a file", (*RUN[:3], "a.jsonl/run"), "--output: .*a.jsonl is a file; give another folder"),
    Wrong("300 characters", (*RUN[:3], "x" * 300), "--output: .*File name too long; give another folder"),
    Wrong("below /proc", (*RUN[:3], "/proc/run"), "--output: /proc/run: want a folder that can be made"),
    Wrong("a device", (*RUN[:3], "/dev/null"), "--output: /dev/null: .*is a file"),
    Wrong("another folder", (*RUN[:3], "."), "is not empty and holds no run; give a new folder"),
    Wrong("a web server", (*RUN[:3], "http://localhost:9/x"), "want a local path, s3:// or gs://; download it first"),
    Wrong("in memory", (*RUN[:3], "memory://x/run"), "memory://x/run: want a local path, s3:// or gs://"),
    Wrong("log in memory", ("log", "memory://x/run"), "memory://x/run: want a local path, s3:// or gs://"),
    Wrong("on Hadoop", (*RUN[:3], "hdfs://x/run"), "want a local path, s3:// or gs://; download it first"),
    Wrong("log on Hadoop", ("log", "hdfs://x/run"), "want a local path, s3:// or gs://"),
    Wrong("a slash too few", (*RUN[:3], "gs:/bkt/y"), "gs:/bkt/y: want gs://bkt/y, or ./gs:/bkt/y for a local path"),
    Wrong("a scheme alone", (*RUN[:3], "s3:"), "s3:: want s3://"),
    Wrong("a scheme that is none", (*RUN[:3], "s4:/x"), "s4:/x: want s3:// or gs://, or ./s4:/x for a local path"),
    Wrong("local://", (*RUN[:3], "local:///tmp/x"), "local:///tmp/x: want a local path, s3:// or gs://"),
    Wrong("no bucket", (*RUN[:3], "s3://"), "want s3://BUCKET/FOLDER.*got '' as bucket"),
    Wrong("log without a bucket", ("log", "s3:///x"), "want s3://BUCKET/FOLDER.*got '' as bucket"),
    Wrong("no name of a bucket", (*RUN[:3], "s3://b?x=1/y"), r"want s3://BUCKET/FOLDER.*got 'b\?x=1' as bucket"),
    Wrong("a NUL character", ("log", "a\0b"), "want a path, got one with a NUL character"),
    Wrong("an unknown protocol", (*RUN[:3], "ssh://x/y"), "want a local path, s3:// or gs://"),
    Wrong("a URL with a password", (*RUN[:3], "s3://me:secret@b/x"), "holds credentials; leave them out"),
    Wrong("run.json of another format", RUN, "want format 1, got 7: another version.*give a new folder",
          {"run/run.json": json.dumps({"run": {"format": 7}, "seal": ""})}),
    Wrong("run.json that is none", RUN, "run.json: is damaged, or not the state of a run", {"run/run.json": "[1]"}),
]  # fmt: skip
RECIPES = [
    of_recipe("no TOML", "name = ", "r.toml: want a TOML file: Invalid value"),
    of_recipe("integer of 5,000 digits", f"seed = {'9' * 5000}\n" + RECIPE, "got a number of too many digits"),
    of_recipe("arrays 3,000 deep", f"x = {'[' * 3000}{']' * 3000}\n" + RECIPE, "arrays or tables that lie too deep"),
    of_recipe("exponent without end", more("[near]\nthreshold = 1e999999999999999999999\n"), "r.toml: "),
    of_recipe("unknown key", more("[near]\nngrams = 3\n"), "near.ngrams: unknown key; did you mean 'ngram'\\?"),
    of_recipe("unknown table", more("[neer]\nngram = 3\n"), "neer: unknown key; did you mean 'near'\\?"),
    of_recipe("no source", 'name = "x"\n', "sources: want 1 to 255 tables"),
    of_recipe("no name", RECIPE.replace('name = "x"\n', ""), "name: want a name of at most 64 characters.*got none"),
    of_recipe("name with a blank", RECIPE.replace('"x"', '"x y"'), "name: want a name .*got 'x y'"),
    of_recipe("name with a line end", RECIPE.replace('"x"', r'"x\n"'), "name: want a name of at most 64"),
    of_recipe("NUL character", RECIPE.replace('"x"', '"x\0"'), r"line 1, column 10\).*U\+0000, a control character"),
    of_recipe("letter of another script", RECIPE.replace("name", "n\u0430me"), r"U\+0430, CYRILLIC SMALL LETTER A"),
    of_recipe("no-break space", RECIPE.replace("name ", "name\u00a0"), r"U\+00A0, NO-BREAK SPACE"),
    of_recipe("demo on a web server", 'demo = "http://x"\n' + RECIPE, "r.toml: demo: http://x: want a local path"),
    of_recipe("demo in a store", 'demo = "s3://b/d"\n' + RECIPE, "demo: want a folder on this machine, got 's3://b/d'"),
    of_recipe("demo with a slash too few", 'demo = "s3:/b/d"\n' + RECIPE, "demo: s3:/b/d: want s3://b/d"),
    of_recipe("demo below /proc", 'demo = "/proc/x"\n' + RECIPE, "r.toml: demo: /proc/x: want a folder that can be"),
    of_recipe("demo in a device", 'demo = "/dev/null/x"\n' + RECIPE, "demo: /dev/null/x: want a folder .*is a file"),
    of_recipe("input with a slash too few", RECIPE.replace("a.jsonl", "s3:/x"), "sources.a.inputs: s3:/x: want s3://x"),
    of_recipe("input with a NUL", RECIPE.replace("a.jsonl", r"a\u0000"), "sources.a.inputs: .*NUL character"),
    of_recipe("input on Hadoop", RECIPE.replace("a.jsonl", "hdfs://x/a"), "sources.a.inputs: hdfs://x/a: want a local"),
    of_recipe("unknown kind", RECIPE.replace("news", "blog"), "sources.a.kind: want one of .*, got 'blog'"),
    of_recipe("no kind", RECIPE.replace('kind = "news"\n', ""), "sources.a.kind: want one of .*, got none"),
    of_recipe("unknown format", RECIPE.replace("weight", 'format = "csv"\nweight'), "format: unknown format 'csv'"),
    of_recipe("inputs as text", RECIPE.replace('["a.jsonl"]', '"a.jsonl"'), "inputs: want a list .*got 'a.jsonl'"),
    of_recipe("no input file", RECIPE.replace("a.jsonl", "b.jsonl"), "sources.a.inputs: 'b.jsonl' matches no file"),
    of_recipe("input of a web server", RECIPE.replace("a.jsonl", "http://localhost:9/a.jsonl"), "download it first"),
    of_recipe("weights below 1", RECIPE.replace("1.0", "0.9"), "sources: want weights that sum to exactly 1, got 0.9"),
    of_recipe("weights of 29 digits", RECIPE.replace("1.0", "0.99999999999999999999999999999"), "sum to exactly 1"),
    of_recipe("weight of 200 digits", RECIPE.replace("1.0", "1e-200"), "sources.a.weight: want at most 100 digits"),
    of_recipe("weight without end", RECIPE.replace("1.0", "1e-999999999"), "sources.a.weight: want at most 100 digits"),
    of_recipe("weight in words", RECIPE.replace("1.0", '"all"'), "weight: want a number above 0 .*got 'all'"),
    of_recipe("100,000 bands", more("[near]\nbands = 100000\n"), "near.bands: want a whole number from 1 to 1,024"),
    of_recipe("a million hashes", more("[near]\nbands = 1000\nrows = 1000\n"), "at most 16,384 hashes per signature"),
    of_recipe("threshold above 1", more("[near]\nthreshold = 1.5\n"), "near.threshold: want a number from 0 to 1"),
    of_recipe("vocabulary of 1", more("[tokenizer]\nvocabulary_size = 1\n"), "vocabulary_size: want .* from 300"),
    of_recipe("no such model", more('[tokenizer]\nmodel = "no.model"\n'), "no.model: no such file"),
    of_recipe("model that is a folder", more('[tokenizer]\nmodel = "."\n'), "tokenizer.model: .*one that is a folder"),
    of_recipe("model without a name", more('[tokenizer]\nmodel = ""\n'), "tokenizer.model: .*one that is a folder"),
    of_recipe("model without end", more('[tokenizer]\nmodel = "/dev/zero"\n'), "tokenizer.model: .*no regular file"),
    of_recipe("model that is none", more('[tokenizer]\nmodel = "a.jsonl"\n'), "tokenizer.model: .*a.jsonl: "),
    of_recipe("no such test set", more('[decontaminate]\ntest_sets = ["t.jsonl"]\n'), "t.jsonl: no such file"),
    of_recipe("test set without items", more('[decontaminate]\ntest_sets = ["t.jsonl"]\n'),
              "t.jsonl: want at least one item, got none", t_jsonl=""),
    of_recipe("test set without text", more('[decontaminate]\ntest_sets = ["t.jsonl"]\n'),
              "t.jsonl, line 1: want a string in 'text'", t_jsonl='{"stimulus": "why"}\n'),
    of_recipe("test set of another format", more('[decontaminate]\ntest_sets = ["t.xls"]\n'),
              "t.xls: want a test set as .jsonl", t_xls="a,b\n"),
    of_recipe("test set to mark that is not there",
              more('[decontaminate]\ntest_sets = ["t.txt"]\nactions = { x = "mark" }\n'),
              "decontaminate.actions: x: want a test set, one of: t", t_txt="a b\n"),
    of_recipe("no such block list", more('[blocklists]\nhosts = ["h.txt"]\n'), "blocklists.hosts: h.txt: no such file"),
    of_recipe("block list without entries", more('[blocklists]\nhosts = ["h.txt"]\n'), "found no entry", h_txt="# x\n"),
    of_recipe("no such rule file", RECIPE.replace("weight", 'rules = ["m.toml"]\nweight'), "'m.toml': want one of"),
    of_recipe("rule of an unknown signal", RECIPE.replace("weight", 'rules = ["m.toml"]\nweight'),
              "m.toml, rule 1: want a known signal.*mean 'word_count'", m_toml=RULES.replace("d_c", "dc")),
    of_recipe("rule with text as a bound", RECIPE.replace("weight", 'rules = ["m.toml"]\nweight'),
              "m.toml, rule 1: min: want a number, got 'five'", m_toml=RULES.replace("5", '"five"')),
    of_recipe("rule with a bound without end", RECIPE.replace("weight", 'rules = ["m.toml"]\nweight'),
              "m.toml, rule 1: min: ", m_toml=RULES.replace("5", "9" * 400)),
    of_recipe("rule file 3,000 deep", RECIPE.replace("weight", 'rules = ["m.toml"]\nweight'),
              "m.toml: .*lie too deep", m_toml=f"x = {'[' * 3000}{']' * 3000}\n"),
    of_recipe("edit with an unknown action", RECIPE.replace("weight", 'edits = ["e.toml"]\nweight'),
              "rule 1: action: want one of cut", e_toml='[[rule]]\naction = "burn"\nname = "r"\nsource = "s"\n'),
    of_recipe("edit with a broken pattern", RECIPE.replace("weight", 'edits = ["e.toml"]\nweight'),
              "e.toml, rule 1: pattern: want a regular expression, got '\\('",
              e_toml='[[rule]]\naction = "cut"\nname = "r"\nsource = "s"\npattern = "("\n'),
    of_recipe("long source name", RECIPE.replace("[sources.a]", f"[sources.{'a' * 300}]"), "want a name of"),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder with a recipe `ok.toml` and its input; the working folder of the test."""
    (tmp_path / "a.jsonl").write_text(LINE)
    (tmp_path / "ok.toml").write_text(RECIPE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "10000")
    return tmp_path


@pytest.mark.parametrize("wrong", [*ARGUMENTS, *OUTPUTS, *RECIPES], ids=lambda wrong: wrong.name)
def test_something_wrong_ends_in_one_message(wrong: Wrong, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for name, content in wrong.files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = sorted(folder.rglob("*"))
    code = run_command_line(list(wrong.arguments))
    printed = capfd.readouterr()

    assert printed.err.startswith("massivetext: ")
    assert printed.err.count("\n") == 1, printed.err
    assert re.search(wrong.message, printed.err), printed.err
    assert not re.search("Traceback|fault of massivetext|Expected `|matching regex", printed.err), printed.err
    assert code == wrong.code
    assert sorted(folder.rglob("*")) == before  # nothing was begun


def empty(_: bytes) -> bytes:
    """Return nothing."""
    return b""


def cut(data: bytes) -> bytes:
    """Return the first half."""
    return data[: len(data) // 2]


def other_json(_: bytes) -> bytes:
    """Return JSON that is something else."""
    return b'{"a": 1}'


@pytest.mark.parametrize("damage", [empty, cut, other_json, None], ids=["empty", "cut", "other JSON", "missing"])
@pytest.mark.parametrize(
    "damaged",
    [
        "ingest/manifest.json",
        "documents/web/part-00000-of-00004.parquet",
        "quarantine/web/part-00000-of-00004.jsonl",
        "signals/web/part-00000-of-00004.parquet",
        "verdicts/rules/web/part-00000-of-00004.parquet",
        "verdicts/near/web/part-00000-of-00004.parquet",
        "duplicates/clusters.parquet",
        "records/dataset.json",
        "records/manifest.json",
    ],
)
def test_a_damaged_run_ends_in_a_message_or_an_answer(
    quickstart: Path,
    tmp_path: Path,
    damaged: str,
    damage: Callable[[bytes], bytes] | None,
    capfd: pytest.CaptureFixture[str],
) -> None:
    run = tmp_path / "run"
    shutil.copytree(quickstart / "run", run, copy_function=os.link)
    path = run / damaged
    data = path.read_bytes()
    path.unlink()
    if damage is not None:
        path.write_bytes(damage(data))
    commands = [
        ["trace", str(run), "pages-000"],
        ["verify", str(run)],
        ["plan", "quickstart", "--sample", str(run)],
    ]
    codes = []
    for command in commands:
        codes.append(run_command_line(command))
        printed = capfd.readouterr()
        assert not re.search("Traceback|fault of massivetext", printed.err), printed.err
        assert codes[-1] == 0 or printed.err.startswith("massivetext: ") or "problem" in printed.out

    assert codes[1] != 0  # verify finds it in any case


@pytest.mark.parametrize("name", ["a[/b]", "[red]x", ":smile:", "[bold]", "x\u202ey"])
def test_a_path_is_printed_as_it_is(name: str, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code = run_command_line(["trace", name, "x"])
    printed = capfd.readouterr()

    assert code == 2
    assert f"{folder}/{name}".replace("\u202e", "\ufffd") + ": no run here" in printed.err


def test_tables_are_whole_in_a_pipe(
    folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS")
    long = "a" * 150 + ".jsonl"
    (folder / long).write_text(LINE)
    (folder / "ok.toml").write_text(RECIPE.replace("a.jsonl", long))
    assert run_command_line(["check", "ok.toml"]) == 0
    assert long in capfd.readouterr().out

    assert run_command_line(["plan", "ok.toml", "--raw", "100TB"]) == 0
    assert "…" not in capfd.readouterr().out
