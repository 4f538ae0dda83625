"""Addresses, ids and hashes of documents, and the table of documents."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext import schema
from massivetext.schema import (
    Document,
    EditCount,
    document_id,
    documents_table,
    pack_document_refs,
    row_numbers,
    shard_number,
    shard_numbers,
    text_hash,
)

SOURCES = st.integers(0, schema.MAX_SOURCES - 1)
SHARDS = st.integers(0, schema.MAX_SHARDS - 1)
ROWS = st.lists(st.integers(0, schema.MAX_ROWS - 1), max_size=20)


def address(source: int, shard: int, row: int) -> int:
    return int(pack_document_refs(source, shard, np.array([row]))[0])


def test_an_address_is_source_shard_and_row() -> None:
    # 8 bits, 24 bits, 32 bits.
    assert address(1, 2, 3) == 0x01_000002_00000003
    assert address(0, 0, 0) == 0
    assert address(255, 2**24 - 1, 2**32 - 1) == 2**64 - 1


@given(SOURCES, SHARDS, ROWS)
def test_what_is_packed_can_be_unpacked(source: int, shard: int, rows: list[int]) -> None:
    addresses = pack_document_refs(source, shard, np.array(rows, np.int64))

    assert addresses.dtype == np.uint64
    assert row_numbers(addresses).tolist() == rows
    assert row_numbers(addresses).dtype == np.int64
    assert set(shard_numbers(addresses).tolist()) <= {shard_number(source, shard)}


@given(st.lists(st.tuples(SOURCES, SHARDS, st.integers(0, schema.MAX_ROWS - 1)), min_size=2, max_size=8))
def test_addresses_are_in_the_order_of_source_shard_and_row(places: list[tuple[int, int, int]]) -> None:
    assert [address(*place) for place in sorted(places)] == sorted(address(*place) for place in places)


@given(SOURCES, SHARDS, SOURCES, SHARDS)
def test_shard_numbers_are_equal_for_equal_shards_alone(source: int, shard: int, source2: int, shard2: int) -> None:
    assert (shard_number(source, shard) == shard_number(source2, shard2)) == ((source, shard) == (source2, shard2))


@pytest.mark.parametrize(
    ("source", "shard", "row", "message"),
    [
        (256, 0, 0, "want source < 256"),
        (-1, 0, 0, "want source < 256"),
        (0, 2**24, 0, "shard < 16777216"),
        (0, -1, 0, "shard < 16777216"),
        (0, 0, 2**32, "want rows below 4294967296, got 4294967296"),
        (0, 0, -1, "want rows below 4294967296, got -1"),
    ],
)
def test_an_address_that_would_be_of_another_document_is_refused(
    source: int, shard: int, row: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        pack_document_refs(source, shard, np.array([row]))


def test_no_rows_have_no_addresses() -> None:
    assert pack_document_refs(3, 4, np.array([], np.int64)).tolist() == []


@pytest.mark.parametrize(
    ("source", "origin", "key", "expected"),
    [
        ("web", "a.warc.gz", "0", "1276ee2235d40ecb28e55836092bb6e5"),
        ("web", "a", "b", "bd6a6e72c9f66da84bc8f343c3cdcb14"),
    ],
)
def test_ids_stay_what_they_are(source: str, origin: str, key: str, expected: str) -> None:
    # Golden values: ids are the same in every run and version, since `trace`, reports and users' notes hold them.
    assert document_id(source, origin, key) == expected


def test_ids_tell_source_origin_and_key_apart() -> None:
    places = [
        ("web", "a", "b"),
        ("weba", "", "b"),
        ("we", "ba", "b"),
        ("web", "ab", ""),
        ("web", "", "ab"),
        ("web", "b", "a"),
    ]

    assert len({document_id(*place) for place in places}) == len(places)


def test_a_file_name_that_is_not_utf8_has_an_id() -> None:
    assert document_id("web", "\udcff", "0") != document_id("web", "\udcfe", "0")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "00000000000000000000000000000000"),
        ("a", "897859f6655555855a890e51483ab5e6"),
        ("Grüße", "36b4119d0b3d43c82dd41137593a115c"),
    ],
)
def test_text_hashes_stay_what_they_are(text: str, expected: str) -> None:
    # MurmurHash3 x64 128 of the UTF-8 bytes, seed 0, as published; of no bytes it is 0.
    assert text_hash(text).hex() == expected


@given(st.text(), st.text())
def test_text_hashes_are_equal_for_equal_texts_alone(first: str, second: str) -> None:
    assert (text_hash(first) == text_hash(second)) == (first == second)


def test_documents_become_rows() -> None:
    table = documents_table(
        "web",
        [
            Document("text", "a.gz", "7", "http://x/", "Title", {"b": "2", "a": "ü"}, 80, 0.5),
            Document("", "a.gz", "8", edits=(EditCount("c4/policy", 2, 70, 12),)),
        ],
    )

    assert table.schema == schema.DOCUMENTS
    table.validate(full=True)
    assert table.to_pylist() == [
        {
            "id": document_id("web", "a.gz", "7"),
            "text": "text",
            "text_hash": text_hash("text"),
            "origin": "a.gz",
            "key": "7",
            "url": "http://x/",
            "title": "Title",
            "metadata": '{"a":"ü","b":"2"}',  # in the order of names, so that equal documents are equal bytes
            "html_bytes": 80,
            "link_text_frac": 0.5,
            "edits": None,
        },
        {
            "id": document_id("web", "a.gz", "8"),
            "text": "",
            "text_hash": text_hash(""),
            "origin": "a.gz",
            "key": "8",
            "url": None,
            "title": None,
            "metadata": "{}",
            "html_bytes": None,
            "link_text_frac": None,
            "edits": [{"rule": "c4/policy", "lines": 2, "characters": 70, "words": 12}],
        },
    ]


def test_no_documents_are_an_empty_table_of_the_schema() -> None:
    assert documents_table("web", []).schema == schema.DOCUMENTS
    assert documents_table("web", []).num_rows == 0
