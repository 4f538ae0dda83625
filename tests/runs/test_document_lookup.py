"""A lookup has the place of every id and URL of a shard."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.errors import StageError
from massivetext.runs.document_lookup import LookupWriter, bare_url, find_places
from massivetext.runs.store import Run, Shard

SHARD = Shard("web", 0, 1)
URLS = st.none() | st.text("ab:/.", max_size=6) | st.text("ab", max_size=3).map(lambda name: f"https://{name}/")


@given(st.lists(URLS, max_size=8), st.lists(URLS, max_size=8))
def test_every_id_and_url_is_found_and_no_other(documents: list[str | None], quarantined: list[str | None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run, writer = Run(folder), LookupWriter()
        ids = [f"{number:032x}" for number in range(len(documents))]
        half = len(ids) // 2
        writer.add_documents(ids[:half], documents[:half])
        writer.add_documents(ids[half:], documents[half:])
        for url in quarantined:
            writer.add_quarantined(url)
        writer.write(run, SHARD)

        for row, document_id in enumerate(ids):
            assert find_places(run, SHARD, document_id) == ([row], [])
        for wanted in {url for url in [*documents, *quarantined] if url is not None}:
            rows, lines = (
                [at for at, url in enumerate(urls) if url is not None and bare_url(url) == bare_url(wanted)]
                for urls in (documents, quarantined)
            )
            assert find_places(run, SHARD, wanted) == (rows, lines)
        assert find_places(run, SHARD, "no such name") == ([], [])


def test_a_name_takes_eight_bytes_and_its_place_does_not_depend_on_groups(tmp_path: Path) -> None:
    whole, parts = LookupWriter(), LookupWriter()
    whole.add_documents(["1", "2"], ["http://a.example/", None])
    parts.add_documents(["1"], ["https://a.example"])
    parts.add_documents(["2"], [None])
    files = [each.write(Run(str(tmp_path / name)), SHARD) for name, each in (("a", whole), ("b", parts))]

    assert [file.bytes for file in files] == [24, 24]
    assert files[0].sha256 == files[1].sha256


def test_a_damaged_lookup_names_the_file(tmp_path: Path) -> None:
    run = Run(str(tmp_path))
    with pytest.raises(StageError, match=r"lookup/web/part-00000-of-00001.u32: cannot be read"):
        find_places(run, SHARD, "a")
    (tmp_path / "lookup/web").mkdir(parents=True)
    (tmp_path / "lookup/web/part-00000-of-00001.u32").write_bytes(bytes(9))

    with pytest.raises(StageError, match="want 8 bytes per name, got 9"):
        find_places(run, SHARD, "a")
