import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from massivetext.schema import Document, Rejected

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]

HTML = r"""<html><body><section><div class="hatnote" role="note">For others</div><table class="infobox"><tr><td>
x</table><p><b>Paris</b> (<span class="IPA"></span>; <i>Lutèce</i>)<sup class="mw-ref reference">[1]</sup>
has 10<sup>6</sup>
<math alttext="{\displaystyle x^2}"><mi>x</mi></math> people.<br>Second.</p><ul><li>one<ul><li>inner</li></ul></li>
<li>two</li></ul></section><section><h2>History</h2><p>''Old'' __x__</p><p># no list</p></section><section>
<h2>References</h2><p>x</p></section></body></html>"""
TEXT = (
    "Paris\n\nParis (Lutèce) has 10^6 \\( x^2 \\) people.\nSecond.\n\n- one\n  - inner\n- two\n\n"
    "History\n''Old'' __x__\n\n# no list"
)


def line(**fields: object) -> str:
    page = {
        "name": "Paris",
        "identifier": 5,
        "url": "https://en.wiki.example/wiki/Paris",
        "date_modified": "2024-01-01",
        "namespace": {"identifier": 0},
        "in_language": {"identifier": "en"},
        "article_body": {"html": HTML},
    }
    return json.dumps(page | fields) + "\n"


def tar(text: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        info = tarfile.TarInfo("enwiki_namespace_0_0.ndjson")
        info.size = len(text.encode())
        archive.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


@pytest.mark.parametrize("write", [str.encode, tar])
def test_pages_of_an_enterprise_dump(tmp_path: Path, read_file: ReadFile, write: Callable[[str], bytes]) -> None:
    wikitext = line(article_body={"wikitext": "A [[link]]."})
    text = line() + "{bad\n" + line(namespace={"identifier": 14}) + wikitext + line(article_body={})
    (tmp_path / "a").write_bytes(write(text))
    documents, rejected = read_file("wikipedia", tmp_path / "a", format="wiki-enterprise")

    assert [(d.key, d.text) for d in documents] == [("0", TEXT), ("3", "Paris\n\nA link.")]
    assert documents[0].url == "https://en.wiki.example/wiki/Paris"
    assert documents[0].metadata == {"date": "2024-01-01", "page_id": "5"}
    assert [(r.offset, r.reason) for r in rejected] == [("1", "bad_json"), ("2", "namespace"), ("4", "no_text")]


def test_the_slices_of_a_dump_are_the_dump(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a").write_text("".join(line(name=f"P{n}") for n in range(7)))
    found: list[str] = []
    for index in range(3):
        documents, _ = read_file(
            "wikipedia", tmp_path / "a", slice_index=index, slice_count=3, format="wiki-enterprise"
        )
        found += [document.key for document in documents]

    assert sorted(found) == list("0123456")
