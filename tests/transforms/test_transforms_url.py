# mypy: allow-untyped-calls
"""The public transform that keeps one document per canonical URL."""

import datetime
from typing import Any

import apache_beam as beam
import pytest
from beam_rows import documents, outputs

from massivetext import transforms
from massivetext.dedup.keeper import keeper_rank
from massivetext.errors import UserError
from massivetext.transforms.row_preferences import pack_ranks

ROWS = {  # id -> (url, date, text)
    "may": ("http://www.a.test/x/?utm_source=n", "2024-05-01", "short"),
    "june": ("https://a.test/x#part", "2024-06-01", "a longer text"),
    "never": ("http://a.test/x", "", "short"),
    "other": ("http://a.test/y", "2024-05-01", "short"),
    "none": (None, "2024-05-01", "short"),
    "nothing": (None, "2024-05-01", "short"),
    "isbn": ("urn:isbn:1", "2024-05-01", "short"),
}


def judged(**options: Any) -> dict[str, tuple[bool, str | None, float | None]]:
    """The verdicts on the rows: kept, the kept document, similarity."""
    rows = [
        beam.Row(id=name, text=text, source="web", url=url, metadata={"date": date})
        for name, (url, date, text) in ROWS.items()
    ]

    def build(pipeline: beam.Pipeline) -> dict[str, Any]:
        return {"verdicts": pipeline | beam.Create(rows) | transforms.MarkUrlDuplicates(**options)}

    found = outputs(build)["verdicts"]
    assert len(found) == len(ROWS)
    return {row["id"]: (row["kept"], row["duplicate_of"], row["similarity"]) for row in found}


@pytest.mark.parametrize(("url", "stays"), [("latest", "june"), ("first", "may"), ("longest", "june")])
def test_one_document_of_a_url_stays(url: str, stays: str) -> None:
    pages = {"may", "june", "never"}

    assert judged(url=url) == {
        **dict.fromkeys(set(ROWS) - pages | {stays}, (True, None, None)),
        **dict.fromkeys(pages - {stays}, (False, stays, None)),
    }


def test_equal_ones_are_decided_by_the_seed_as_in_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    same = dict.fromkeys(("a", "b", "c", "d"), ("http://a.test", "2024-05-01", "a text"))
    monkeypatch.setattr(f"{__name__}.ROWS", same)
    first = [*same][int(keeper_rank([*same], 9).argmin())]

    assert [name for name, verdict in judged(seed=9).items() if verdict[0]] == [first]


@pytest.mark.parametrize(
    ("early", "late"),
    [
        (1714521600, 1714521601.5),
        (datetime.datetime(2024, 5, 1), datetime.datetime(2024, 5, 2)),  # noqa: DTZ001 - as Parquet gives them
        ("Wed, 01 May 2024 00:00:00 GMT", "2024-05-02"),
    ],
)
def test_dates_need_not_be_text_and_may_be_missing(early: object, late: object) -> None:
    ranks = {}
    for preference in ("latest", "first"):
        rows = [beam.Row(id="a", text="", metadata={"date": date}) for date in (early, late, None)]
        ranks[preference] = [int.from_bytes(pack_ranks(row, [preference]), "little") for row in rows]

    assert sorted(ranks["latest"]) == [ranks["latest"][at] for at in (1, 0, 2)]
    assert sorted(ranks["first"]) == [ranks["first"][at] for at in (0, 1, 2)]


def test_numbers_as_dates_go_through_a_pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    dates = {"late": 1714521601, "early": 1714521600}
    monkeypatch.setattr(f"{__name__}.ROWS", {name: ("http://a.test", date, "text") for name, date in dates.items()})

    assert [name for name, verdict in judged().items() if verdict[0]] == ["late"]


def test_rows_need_url_and_date_and_a_known_choice() -> None:
    with pytest.raises(UserError, match="MarkUrlDuplicates: want rows with a field 'url'"):
        outputs(lambda p: {"x": documents(p, [("a", "b")]) | transforms.MarkUrlDuplicates("longest")})
    with pytest.raises(UserError, match="MarkUrlDuplicates: want rows with a field 'metadata', a mapping"):
        outputs(lambda p: {"x": documents(p, [("a", "b")]) | transforms.MarkUrlDuplicates()})
    with pytest.raises(UserError, match="MarkUrlDuplicates: url: "):
        transforms.MarkUrlDuplicates("oldest")  # type: ignore[arg-type]
