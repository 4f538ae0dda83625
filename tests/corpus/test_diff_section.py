"""The difference of two runs as a section of the page, and the page that `report --to` writes."""

import json
import re
import shutil
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from corpus_commands import ask
from handmade_documents import EVIL, WEB

import massivetext
from massivetext.corpus.diff_section import diff_section
from massivetext.corpus.run_diff import RunDiff
from massivetext.corpus.signal_drift import DriftBin, DriftFound, SignalDrift


@pytest.fixture(scope="module")
def copy(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished run, in which a rule removes its first document."""
    folder = Path(shutil.copytree(finished, tmp_path_factory.mktemp("copy") / "run"))
    path = folder / "verdicts/rules" / f"{WEB[0].name}.parquet"
    table = pq.read_table(path)
    rows = table.to_pylist()
    rows[0] |= {"kept": False, "failed": 2}
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    return folder


@pytest.fixture(scope="module")
def found(finished: Path, copy: Path) -> RunDiff:
    return massivetext.open(copy).diff(finished)


def text_of(markup: str) -> str:
    return " ".join(re.sub("<[^>]*>", " ", markup).split())


def test_what_differs_is_shown(found: RunDiff, copy: Path) -> None:
    section = diff_section(found)
    text = text_of(section.content)

    assert (section.name, section.title) == ("against", "Against another run")
    assert str(copy) in text
    assert "web 11 → 11 11 0 3 → 4 230 → 290 – 1 60 words 0 0 words" in text
    assert "web judge 1 60 words 0 0 words" in text
    assert "web gopher/word_count 50 to 100 4 → 3 0 1 1 0" in text
    assert "The other run removes it by gopher/word_count." in text
    assert "Gained and lost by host" in text


def test_a_run_against_itself_says_that_nothing_differs(finished: Path) -> None:
    text = text_of(diff_section(massivetext.open(finished).diff(finished)).content)

    assert "Nothing differs up to decontaminate: documents, texts, verdicts, signals and settings." in text
    assert "gained and lost documents their words" not in text


def test_drift_is_drawn_over_all_bins(found: RunDiff) -> None:
    bins = (DriftBin(0.0, 0.5, 4, 1), DriftBin(0.5, None, 0, 3))
    drift = DriftFound({"duplicate_line_frac": SignalDrift(0.75, 0.1, 0.4, bins)}, ("gone",), ("come",))
    content = diff_section(msgspec.structs.replace(found, drift={"web": drift})).content

    # Roots of shares: 1 and 0 before, 0.5 and root 0.75 after; 40 high.
    assert 'd="M0 40V0.00H1V40.00H2V40Z"' in content
    assert 'd="M0 40V20.00H1V5.36H2V40Z"' in content
    assert "Signals of web that were measured only before: gone." in text_of(content)
    assert "web duplicate_line_frac 0.7500 0.1 → 0.4" in text_of(content)


def test_hostile_texts_are_text(found: RunDiff) -> None:
    (example,) = found.gained
    hostile = msgspec.structs.replace(
        example, document=msgspec.structs.replace(example.document, url=f"https://a.example/{EVIL}", excerpt=EVIL)
    )
    content = diff_section(msgspec.structs.replace(found, gained=(hostile,), notes=(EVIL,), before=EVIL)).content

    assert "<script" not in content
    assert content.count("&lt;/script&gt;") == 4 * EVIL.count("</script>")


def test_the_page_of_another_file_has_costs_and_differences(finished: Path, copy: Path, tmp_path: Path) -> None:
    done = ask("report", copy, "--to", "page.html", "--against", finished, folder=tmp_path)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    own = (copy / "report/index.html").read_text(encoding="utf-8")

    assert (done.code, done.out.strip()) == (0, str(tmp_path / "page.html"))
    assert re.findall('<section id="(against|costs)"', page) == ["against", "costs"]
    assert re.findall('<section id="(against|costs)"', own) == []
    assert f'data-run="{copy}"' in page
    assert str(copy) not in own
    stages = {each["name"] for each in json.loads((copy / "run.json").read_bytes())["run"]["stages"]}
    assert {"ingest", "judge"} <= stages
    assert "ingest" in text_of(page.partition('<section id="costs"')[2].partition("</section>")[0])


def test_against_needs_a_file(finished: Path, tmp_path: Path) -> None:
    done = ask("report", finished, "--against", finished, folder=tmp_path)

    assert done.code == 2
    assert "--against: want --to FILE as well" in done.err


def test_against_what_is_no_run(finished: Path, copy: Path, tmp_path: Path) -> None:
    done = ask("report", copy, "--to", "page.html", "--against", tmp_path, folder=tmp_path)

    assert done.code == 2
    assert "no run here" in done.err
    assert not (tmp_path / "page.html").exists()
