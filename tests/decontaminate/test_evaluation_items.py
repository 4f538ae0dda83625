import bz2
import csv
import gzip
import io
import json
import lzma
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from massivetext.decontaminate.evaluation_items import EvaluationItem, ItemPart, read_items, untokenise
from massivetext.decontaminate.test_set_files import evaluation_files
from massivetext.errors import UserError

BENCH = Path(__file__).resolve().parents[2] / "../shared/data/bench"


_X_Z = (("choices", "x"), ("choices", "z"))


def jsonl(*rows: object) -> bytes:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


def test_jsonl_items_have_the_full_text_where_there_is_one() -> None:
    data = jsonl(
        {"benchmark": "gsm8k", "id": "gsm8k/1", "text": "Q", "full": "Q\nA"},
        {"text": "only é"},
        {"id": 17, "text": "T", "full": None, "benchmark": None},
    )

    assert read_items("sets/mine.jsonl", data) == [
        EvaluationItem("gsm8k", "gsm8k/1", "Q\nA", (ItemPart("question", 0, 1), ItemPart("rest", 2, 3))),
        EvaluationItem("mine", "1", "only é"),
        EvaluationItem("mine", "17", "T"),
    ]


def parts(item: EvaluationItem) -> list[tuple[str, str]]:
    return [(part.name, item.text[part.start : part.end]) for part in item.parts]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            {"context": "C c", "question": "Q?", "choices": ["x y", "z"], "answer": "z"},
            [("context", "C c"), ("question", "Q?"), ("choices", "x y"), ("choices", "z"), ("answer", "z")],
        ),
        ({"question": "Q?", "choices": {"text": ["x", 5], "label": ["A", "B"]}}, None),
        ({"text": "The last word is Helen", "answer": "Helen", "full": "The last word is Helen"}, None),
        (
            {"text": "Question: Q q?\nAnswer:", "answer": "x", "full": "y y\nx\nQuestion: Q q?\nAnswer:"},
            [("rest", "y y"), ("answer", "x"), ("question", "Q q?")],
        ),
        (
            {"text": "Passage: P p.\nQuestion: Q?", "answer": "yes", "full": "Passage: P p.\nQuestion: Q?\nno\nyes"},
            [("context", "P p."), ("question", "Q?"), ("rest", "no"), ("answer", "yes")],
        ),
        (
            {"text": "Q?\nChoices:\nA. one two\nB) three", "answer": "A"},
            [("question", "Q?"), ("choices", "one two"), ("choices", "three"), ("answer", "A")],
        ),
    ],
)
def test_items_have_parts(row: dict[str, object], expected: list[tuple[str, str]] | None) -> None:
    (item,) = read_items("x.jsonl", jsonl(row))

    if expected is None:
        assert all(text == text.strip() and text for _, text in parts(item))
        assert {name for name, _ in parts(item)} >= {"question"}
    else:
        assert parts(item) == expected


def test_a_recipe_names_the_fields_of_parts() -> None:
    row = {"prompt": "P p", "solution": "S s", "text": "not read"}
    (item,) = read_items("x.jsonl", jsonl(row), {"task": "prompt", "answer": "solution"})

    assert (item.text, parts(item)) == ("P p\nS s", [("task", "P p"), ("answer", "S s")])


def test_csv_and_parquet_have_the_same_items_as_json_lines() -> None:
    rows = [{"id": "1", "question": "Q, q?", "answer": "A\na"}, {"id": "2", "question": "R", "answer": None}]
    parquet = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), parquet)
    expected = read_items("x.jsonl", jsonl(*rows))

    assert read_items("x.parquet", parquet.getvalue()) == expected
    assert read_items("x.csv", b'id,question,answer\n1,"Q, q?","A\na"\n')[0] == expected[0]
    with pytest.raises(UserError, match=r"x\.parquet: want a Parquet file"):
        read_items("x.parquet", b"oops")


def test_blank_lines_are_skipped_and_do_not_count() -> None:
    data = b'\n{"text": "a"}\r\n\r\n{"text": "b"}\n\n'

    assert [(item.id, item.text) for item in read_items("x.jsonl", data)] == [("0", "a"), ("1", "b")]


def test_gzip_is_recognised_by_its_bytes() -> None:
    data = jsonl({"text": "a"})
    expected = [EvaluationItem("x", "0", "a")]

    assert read_items("x.jsonl.gz", gzip.compress(data)) == expected
    assert read_items("x.jsonl", gzip.compress(data)) == expected
    assert read_items("x.jsonl.gz", data) == expected


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_is_no_part_of_the_items(encoding: str) -> None:
    assert read_items("x.txt", "Größe\n".encode(encoding)) == [EvaluationItem("x", "0", "Größe")]


@pytest.mark.parametrize("name", ["x.jsonl", "x.txt"])
def test_an_empty_file_has_no_items(name: str) -> None:
    assert read_items(name, b"") == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{oops}", r"x\.jsonl, line 2: want a JSON object, got '\{oops\}'"),
        (b"[1]", r"x\.jsonl, line 2: want a JSON object, got '\[1\]'"),
        (b'{"stimulus": "a"}', r"x\.jsonl, line 2: want a string in 'text', got None; fields here: stimulus"),
        (b"{}", r"x\.jsonl, line 2: want a string in 'text', got None; fields here: none"),
        (b'{"answer": "a"}', r"x\.jsonl, line 2: want a string in 'text', got None; fields here: answer"),
        (
            b'{"question": "a", "choices": [{}]}',
            r"x\.jsonl, line 2: want a string or a list of strings for .*'choices'",
        ),
        (b'{"text": "a", "full": 3}', r"x\.jsonl, line 2: want a string in 'full', got 3"),
        (b'{"text": "a", "id": [1]}', r"x\.jsonl, line 2: want a string or a whole number in 'id', got \[1\]"),
        (b'{"text": "a", "id": true}', r"x\.jsonl, line 2: want a string or a whole number in 'id', got True"),
        (b'{"text": "\xff"}', r"x\.jsonl, line 2: want UTF-8, got byte 0xff"),
    ],
)
def test_errors_name_file_and_line(line: bytes, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_items("x.jsonl", b'{"text": "a"}\n' + line)


def test_cut_off_gzip_is_an_error() -> None:
    with pytest.raises(UserError, match=r"x\.jsonl\.gz: cannot be decompressed"):
        read_items("x.jsonl.gz", gzip.compress(jsonl({"text": "a" * 100}))[:-9])


@pytest.mark.parametrize("name", ["x.tgz", "x", "x.xml.gz"])
def test_unknown_formats_are_refused(name: str) -> None:
    with pytest.raises(UserError, match=r"want a test set as \.jsonl, .*, \.parquet, .*, \.txt or \.tokens"):
        read_items(name, b"")


def test_plain_text_has_one_item_a_paragraph() -> None:
    data = b"\xef\xbb\xbfone\r\nstill one\r\n\r\n \r\ntwo\r\n"

    assert read_items("quiz.txt", data) == [
        EvaluationItem("quiz", "0", "one\nstill one"),
        EvaluationItem("quiz", "1", "two"),
    ]


WIKITEXT = (
    " \n = Teddy 's Car ( film ) = \n \n A well @-@ known film for $ 5 @,@ 000 . \n \n = = Plot = = \n \n"
    " He didn 't \n = 1 rad / s and a nominal impedance k = \n 1 . \n \n = Second = \n \n b \n"
)


def test_wikitext_has_one_item_an_article() -> None:
    items = read_items("wikitext103.test.tokens", WIKITEXT.encode())

    assert [(item.test_set, item.id) for item in items] == [
        ("wikitext103.test", "Teddy's Car ( film )"),
        ("wikitext103.test", "Second"),
    ]
    words = (
        "Teddy's Car ( film ) A well-known film for $5,000 . Plot He didn't = 1 rad/s and a nominal impedance k = 1 ."
    )
    assert " ".join(items[0].text.split()) == words
    assert items[1].text.split() == ["Second", "b"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a @-@ b @.@ c", "a-b.c"),
        ("1 @,@ 000 @,@ 000", "1,000,000"),
        ("they 've , I 'm , he 'll", "they've , I'm , he'll"),
        ("the 'sun", "the 'sun"),  # an opening quote, not an ending
        ("$ 5 and £ <unk>", "$5 and £ <unk>"),
        ("and / or", "and/or"),
        ("2000 – 05 , a – b", "2000–05 , a – b"),
        (" = = = Early life = = = \n", "Early life\n"),
        ("a\n \n = = B = = \n \n = = = C = = = \n \nd", "a\n \nB\n \nC\n \nd"),
        ("a\n = 1 rad = \nb", "a\n = 1 rad = \nb"),
        ("x = y", "x = y"),
    ],
)
def test_tokenizer_marks_are_undone(text: str, expected: str) -> None:
    assert untokenise(text) == expected


def test_a_tokens_file_that_is_not_wikitext_is_refused() -> None:
    with pytest.raises(UserError, match=r"x\.tokens, line 1: want WikiText"):
        read_items("x.tokens", b"just words\n")


@pytest.mark.parametrize("part", ["valid", "test"])
def test_wikitext103_has_sixty_articles_in_each_part(part: str) -> None:
    path = BENCH / f"wikitext103.{part}.tokens.gz"
    if not path.is_file():
        pytest.skip("WikiText-103 is not here")
    items = read_items(path.name, path.read_bytes())

    # Merity et al. 2016, table 1: 60 articles in each of validation and test.
    assert len(items) == 60
    assert min(len(item.text) for item in items) > 1000
    assert not [item.id for item in items if " @-@ " in item.text]


def test_real_items_are_all_read() -> None:
    path = BENCH / "items.jsonl.gz"
    if not path.is_file():
        pytest.skip("the evaluation items are not here")
    items = read_items(path.name, path.read_bytes())

    assert len(items) == 47_669
    assert len({item.test_set for item in items}) > 10


@pytest.mark.parametrize(
    ("name", "test_set"),
    [("wiki.test.tokens", "wikitext.wiki.test"), ("wikitext103.valid.tokens", "wikitext103.valid")],
)
def test_articles_of_wikitext_are_told_by_the_name_of_their_test_set(name: str, test_set: str) -> None:
    (item,) = read_items(name, b" = Some Title = \n \n Text of the article . \n")

    assert (item.test_set, item.id) == (test_set, "Some Title")


def test_files_are_looked_for_below_the_folder_of_the_recipe(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt"):
        (tmp_path / name).write_text("text")
    found = evaluation_files(["*.txt", str(tmp_path / "a.txt")], str(tmp_path))

    assert [info.path for info in found] == [f"{tmp_path}/a.txt", f"{tmp_path}/b.txt"]
    with pytest.raises(UserError, match=r"test_sets: none\.txt: no such file below"):
        evaluation_files(["none.txt"], str(tmp_path))


@pytest.mark.parametrize(
    ("row", "fields", "text"),
    [
        # What evaluation harnesses write: the row of the data set within another.
        (
            {"doc_id": 0, "doc": {"question": "Why?", "choices": {"text": ["a b", "c d"], "label": ["A", "B"]}}},
            {"question": "doc.question", "choices": "doc.choices.text"},
            "Why?\na b\nc d",
        ),
        ({"messages": [{"role": "user", "content": "Why?"}, {"role": "x"}]}, {"question": "messages.content"}, "Why?"),
        ({"a.b": "Why?", "a": {"b": "no"}}, {"question": "a.b"}, "Why?"),
        (
            {"context": "Six.", "question": "Why?", "answers": {"text": ["x y"], "answer_start": [1]}},
            {},
            "Six.\nWhy?\nx y",
        ),
        ({"question": "Why?", "answer": {"value": "x", "aliases": ["y"]}}, {}, "Why?\nx\ny"),
        ({"question": {"stem": "Why?", "choices": [{"text": "a"}]}}, {}, "Why?\na"),
        ({"question": "Why?", "passage": "It is.", "answer": True}, {}, "It is.\nWhy?\ntrue"),
        ({"question": "Why?", "answer": float("nan")}, {}, "Why?"),
        ({"question": "Why \ud83d?"}, {}, "Why ??"),
    ],
)
def test_rows_as_others_write_them(row: dict[str, object], fields: dict[str, str], text: str) -> None:
    (item,) = read_items("x.jsonl", json.dumps(row).encode(), fields)
    (listed,) = read_items("x.json", json.dumps([row]).encode(), fields)

    assert item.text == listed.text == text


@pytest.mark.parametrize(("value", "name"), [(3.0, "3"), (1.5, "1.5"), (float("nan"), "0"), ("a", "a")])
def test_ids_as_pandas_writes_them(value: object, name: str) -> None:
    assert read_items("x.jsonl", json.dumps({"id": value, "question": "Why?"}).encode())[0].id == name


def test_a_short_file_of_csv_lowers_no_limit_of_the_process() -> None:
    before = csv.field_size_limit()
    read_items("x.csv", b"question,answer\na b c,d\n")

    assert csv.field_size_limit() >= before


def test_a_long_field_of_csv_is_read() -> None:
    (item,) = read_items("x.csv", b"question,answer\n" + b"word " * 50_000 + b",b\n")

    assert len(item.text.split()) == 50_001


def test_the_fields_that_are_there_are_named() -> None:
    with pytest.raises(UserError, match=r"line 1: .*; fields here: doc.ask, id; name the fields of the parts in"):
        read_items("x.jsonl", jsonl({"doc": {"ask": "Why?"}, "id": 1}))
    with pytest.raises(UserError, match="got a list; name the file"):
        read_items("x.jsonl", b'[{"question": "Why?"}]')


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            {"question": "Q?", "choices": ["x y", "z"], "answer": 1, "subject": "law"},  # MMLU
            [("question", "Q?"), ("choices", "x y"), ("answer", "z"), ("choices", "z")],
        ),
        (
            {"question": "Q?", "choices": {"text": ["x", "z"], "label": ["1", "2"]}, "answerKey": "2"},  # ARC
            [("question", "Q?"), ("choices", "x"), ("answer", "z"), ("choices", "z")],
        ),
        (
            {"question": {"stem": "Q?", "choices": [{"text": "x", "label": "A"}]}, "answerKey": "A"},
            [("question", "Q?"), ("answer", "x"), ("choices", "x")],
        ),
        (
            {"ctx_a": "C.", "ctx": "C. she", "endings": ["runs", "eats"], "label": "0"},  # HellaSwag
            [("question", "C. she"), ("answer", "runs"), ("choices", "runs"), ("choices", "eats")],
        ),
        (
            {"sentence": "A told B _ ran.", "option1": "A", "option2": "B", "answer": "2"},  # WinoGrande
            [("question", "A told B _ ran."), ("choices", "A"), ("answer", "B"), ("choices", "B")],
        ),
        (
            {"premise": "It fell.", "choice1": "wind", "choice2": "tea", "question": "cause", "label": 0},  # COPA
            [
                ("context", "It fell."),
                ("question", "cause"),
                ("answer", "wind"),
                ("choices", "wind"),
                ("choices", "tea"),
            ],
        ),
        (
            {"premise": "A dog runs.", "hypothesis": "It moves.", "label": 0},
            [("context", "A dog runs."), ("question", "It moves.")],
        ),
        (
            {"task_id": "H/0", "prompt": "def f():", "canonical_solution": "    return 1"},
            [("question", "def f():"), ("answer", "return 1")],
        ),
        (
            {"messages": [{"role": r, "content": c} for r, c in (("system", "s"), ("user", "q"), ("assistant", "a"))]},
            [("question", "q"), ("answer", "a")],
        ),
        (
            {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]},
            [("question", "q"), ("answer", "a")],
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "text", "text": "q"}, {"type": "image", "url": "u"}]},
                    {"role": "assistant", "content": None, "tool_calls": [{}]},
                    {"role": "tool", "content": "21"},
                    {"role": "assistant", "content": "a"},
                ]
            },
            [("question", "q"), ("answer", "a")],
        ),
        ({"instruction": "i", "input": "x", "output": "o"}, [("context", "x"), ("question", "i"), ("answer", "o")]),
        ({"question": "Q?", "choices": ["x", None, "z"], "answer": "B"}, [("question", "Q?"), ("answer", "z"), *_X_Z]),
        (
            {"question": "Q?", "choices": "A. x\nB. z", "answer": "A"},
            [("question", "Q?"), ("answer", "A"), *_X_Z],
        ),
        ({"turns": ["one", "two"], "reference": []}, [("question", "one"), ("question", "two")]),
    ],
)
def test_benchmarks_have_parts_as_hubs_have_them(row: dict[str, object], expected: list[tuple[str, str]]) -> None:
    (item,) = read_items("x.jsonl", jsonl(row))

    assert sorted(parts(item)) == sorted(expected)


def test_files_have_the_same_items_in_every_format() -> None:
    row = {"question": "Who?", "answer": "x"}
    expected = read_items("x.jsonl", jsonl(row))
    table, stream = pa.Table.from_pylist([row]), pa.BufferOutputStream()
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    file = pa.BufferOutputStream()
    with pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)

    for name, data in (
        ("x.arrow", stream.getvalue().to_pybytes()),
        ("x.feather", file.getvalue().to_pybytes()),
        ("x.tsv", b"question\tanswer\nWho?\tx\n"),
        ("x.json", json.dumps({"version": 1, "data": [row]}, indent=1).encode()),
        ("x.json", json.dumps(row, indent=1).encode()),
        ("x.jsonl.zst", zstandard.compress(jsonl(row))),
        ("x.jsonl.bz2", bz2.compress(jsonl(row))),
        ("x.jsonl.xz", lzma.compress(jsonl(row))),
    ):
        assert read_items(name, data) == expected, name


def test_squad_and_mmlu_are_read_as_they_were_published() -> None:
    question = {"id": "q", "question": "Who?", "answers": [{"text": "x", "answer_start": 0}]}
    squad = {"data": [{"title": "T", "paragraphs": [{"context": "x did.", "qas": [question]}]}]}
    (item,) = read_items("s.json", json.dumps(squad).encode())
    mmlu = read_items("m.csv", b"Who?,a b,c,d,e,B\nWhy?,a,b,c,d,A\n")

    assert sorted(parts(item)) == [("answer", "x"), ("context", "x did."), ("question", "Who?")]
    assert [parts(each)[0] for each in mmlu] == [("question", "Who?"), ("question", "Why?")]
    assert ("answer", "c") in parts(mmlu[0])


@pytest.mark.parametrize("name", ["x.arrow", "x.feather"])
def test_what_is_no_arrow_file_is_refused(name: str) -> None:
    with pytest.raises(UserError, match=r"want an Arrow file or stream"):
        read_items(name, b"question,answer\n" * 9)
