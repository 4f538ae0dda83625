import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from massivetext.recipe import IngestOptions
from massivetext.schema import Document, Rejected
from massivetext.sources import gutenberg

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]

NEW = """The Project Gutenberg EBook of Emma, by Jane Austen

Title: Emma

Author: Jane Austen

Release Date: August, 1994  [Etext #158]
Language: English

Character set encoding: ISO-8859-1

*** START OF THIS PROJECT GUTENBERG EBOOK EMMA ***




Emma Woodhouse, handsome, clever, and rich.

FINIS



End of the Project Gutenberg EBook of Emma, by Jane Austen

*** END OF THIS PROJECT GUTENBERG EBOOK EMMA ***

***** This file should be named 158.txt *****
"""
OLD = """***START**THE SMALL PRINT!**FOR PUBLIC DOMAIN ETEXTS**START***
Why is this "Small Print!" statement here?  You know: lawyers.
*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*

The Project Gutenberg Etext of Emma

Emma Woodhouse, handsome, clever, and rich.

FINIS

End of The Project Gutenberg Etext of Emma, by Jane Austen
"""


def test_the_licence_around_a_book_is_cut_off() -> None:
    book = gutenberg.strip_gutenberg(NEW)

    assert book.text.strip() == "Emma Woodhouse, handsome, clever, and rich.\n\nFINIS"
    assert book.title == "Emma"
    assert book.metadata == {
        "author": "Jane Austen",
        "language": "English",
        "release_date": "August, 1994  [Etext #158]",
    }


def test_the_small_print_of_old_files_is_cut_off() -> None:
    assert gutenberg.strip_gutenberg(OLD).text.strip() == "Emma Woodhouse, handsome, clever, and rich.\n\nFINIS"
    assert gutenberg.strip_gutenberg(OLD).title is None


def test_a_title_can_run_over_two_lines() -> None:
    start = "*** START OF THE PROJECT GUTENBERG EBOOK A VERY\nLONG TITLE ***\n"

    assert (
        gutenberg.strip_gutenberg(f"{start}The book.\n*** END OF THE PROJECT GUTENBERG\nEBOOK ***").text.strip()
        == "The book."
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A book that never heard of Gutenberg.",
        "A book about it.\n\nEnd of the Project Gutenberg EBook of it.\n\nAnd more.",
        "x" * 30_000 + "\n*** START OF THIS PROJECT GUTENBERG EBOOK EMMA ***\nquoted late",
    ],
)
def test_a_book_without_the_mark_at_its_beginning_stays_whole(text: str) -> None:
    assert gutenberg.strip_gutenberg(text).text == text


def test_an_end_mark_in_the_middle_is_the_books_own() -> None:
    middle = (
        "*** START OF THIS PROJECT GUTENBERG EBOOK X ***\n" + "a" * 60_000 + "\n*** END OF THIS PROJECT GUTENBERG\n"
    )

    assert gutenberg.strip_gutenberg(middle + "b" * 80_000).text.endswith("b" * 80_000)
    assert gutenberg.strip_gutenberg(middle + "b" * 20_000).text.strip().endswith("a")


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_a_file_is_a_book(tmp_path: Path, read_file: ReadFile, compress: Callable[[bytes], bytes]) -> None:
    (tmp_path / "emma.txt").write_bytes(compress(NEW.replace("clever", "élégant").encode("latin-1")))
    documents, rejected = read_file("books", tmp_path / "emma.txt")

    assert rejected == []
    assert [(d.origin, d.key, d.title) for d in documents] == [("emma.txt", "0", "Emma")]
    assert documents[0].text == "Emma Woodhouse, handsome, élégant, and rich.\n\nFINIS"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_of_plain_text(tmp_path: Path, read_file: ReadFile, encoding: str) -> None:
    text = "“Wie schön”, sagte der Müller, und die Vögel zwitscherten über der Mühle. " * 20
    (tmp_path / "a.txt").write_bytes(text.encode(encoding))
    documents, _ = read_file("books", tmp_path / "a.txt")

    assert documents[0].text == text.strip()


def test_json_lines_are_told_by_content(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a.txt").write_bytes(b'{"text": "one"}\n{"text": "two"}\n')
    documents, _ = read_file("books", tmp_path / "a.txt")

    assert [(d.key, d.text) for d in documents] == [("0", "one"), ("1", "two")]


def test_a_book_that_is_too_large_and_what_is_no_text_are_rejected(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a").write_bytes(b"x" * 11)
    (tmp_path / "b").write_bytes(b"\x7fELF\x00\x00\x00")
    limits = IngestOptions(max_record_bytes=10)

    assert [r.reason for r in read_file("books", tmp_path / "a", limits=limits)[1]] == ["record_too_large"]
    assert [r.reason for r in read_file("books", tmp_path / "b", limits=limits)[1]] == ["not_text"]
    assert read_file("books", tmp_path / "a", limits=IngestOptions(max_record_bytes=11))[1] == []


def test_only_the_first_part_of_a_plain_book_reads_it(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a.txt").write_text("a book")

    assert [len(read_file("books", tmp_path / "a.txt", slice_index=index, slice_count=2)[0]) for index in (0, 1)] == [
        1,
        0,
    ]


def test_a_truncated_book_is_kept_as_far_as_it_goes(tmp_path: Path, read_file: ReadFile) -> None:
    data = gzip.compress("".join(f"{n * 7919 % 10007} " for n in range(50_000)).encode())
    (tmp_path / "a.txt.gz").write_bytes(data[: len(data) // 2])
    documents, rejected = read_file("books", tmp_path / "a.txt.gz")

    assert documents[0].text.startswith("0 7919 5831 3743")
    assert [r.reason for r in rejected] == ["truncated"]


def test_real_books_of_project_gutenberg_come_without_its_name(shared_data: Path, read_file: ReadFile) -> None:
    files = sorted((shared_data / "books/gutenberg").glob("*.txt"))
    marks = re.compile(r"PROJECT GUTENBERG EBOOK|Project Gutenberg (?:Etext|EBook)|SMALL PRINT|^End of", re.M)
    titles = []
    for path in files:
        (document,), rejected = read_file("books", path)
        titles.append(document.title)
        assert rejected == []
        assert not marks.search(document.text)
        assert "\ufffd" not in document.text
        assert len(document.text) > 0.9 * path.stat().st_size - 60_000

    assert len(files) == 32
    assert titles.count("Emma") == 2


BOOK = "CHAPTER I\n\n" + "It was a bright cold day in April. " * 40
HEADER = (
    "The Project Gutenberg EBook of Les Fleurs, by C\n#3 in our series by C\n\nCopyright laws are changing all over."
)
FOOTER = "This file should be named x.txt\n\nfree\n\n*END*THE SMALL PRINT! FOR PUBLIC DOMAIN EBOOKS*Ver.02/11/02*END*"


BOX = "+-----------------------------+\n| Transcriber's Note: a note. |\n+-----------------------------+"
WITHIN = "<<THIS ELECTRONIC VERSION OF THE COMPLETE WORKS OF X IS\nCOPYRIGHT AND MUST NOT BE SOLD>>"
COPYRIGHTED = "*SMALL PRINT! Ver.04.29.93 FOR COPYRIGHT PROTECTED ETEXTS*END*"
LICENCE = "Updated editions.\n\nSTART: FULL LICENSE\n\nSection 1."
AUSTRALIA = "A Project Gutenberg of Australia eBook\n\nTitle: X\neBook No.: 01.txt\n\nThis eBook was produced by: Z"


OPENING, CLOSING = (f"*** {word} OF THE PROJECT GUTENBERG EBOOK X ***" for word in ("START", "END"))
CREDIT = "Produced by A and\nB at http://x"
REFORMATTED = "This text was subsequently reformatted, by A <a@b.example>\nin 2002, to re-justify paragraphs."
NOTE = "E-text prepared by A\n\n[Transcriber's Note: one\n\ntwo.]"
UNDERSCORES = "Throughout this text you will see words with _ on either side, which were in italics."
FIRST_LINES = "The Project Gutenberg Etext of X\n\nby C  [The rest of C is forthcoming]"
NOTES = "TRANSCRIBER'S NOTES\n\nPage 5: x changed to y."


@pytest.mark.parametrize(
    "pieces",
    [
        (HEADER, "Title: Les Fleurs", "Language: French", BOOK, CLOSING, FOOTER),
        ("** START OF THIS PROJECT GUTENBERG EBOOK X **", CREDIT, "\n", BOOK, "End of Project Gutenberg's X, by C"),
        (f"{OPENING}\n{CLOSING}", BOOK),
        (OPENING.replace("*** S", "***S"), NOTE, BOOK, NOTES, CLOSING),
        (OPENING, REFORMATTED, BOOK, CLOSING),
        (OPENING, FIRST_LINES, NOTE, UNDERSCORES, BOOK, CLOSING),
        (OPENING, BOX, BOOK, "Fim do Projeto Gutenberg's X", "licença"),
        ("The Project Gutenberg Etext of X\n\n***START** SMALL PRINT!", COPYRIGHTED, BOOK),
        ("*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*END*", WITHIN, BOOK, WITHIN, CLOSING),
        (BOOK, CLOSING, LICENCE),
        (AUSTRALIA, BOOK, "This site is full of FREE ebooks - Project Gutenberg Australia"),
        (OPENING, BOOK, "Ende dieses Projekt Gutenberg Etextes X", "more"),
    ],
)
def test_headers_and_footers_of_every_age(pieces: tuple[str, ...]) -> None:
    assert gutenberg.strip_gutenberg("\n\n".join(pieces)).text.strip() == BOOK.strip()
