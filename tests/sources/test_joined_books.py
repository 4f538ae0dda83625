"""Several books of Project Gutenberg in one file: all are kept, and no licence is."""

import pytest

from massivetext.sources.gutenberg import strip_gutenberg

HEADER = "The Project Gutenberg EBook of {0}, by A. Writer\n\nTitle: {0}\n\nAuthor: A. Writer\n\n"
START = "*** START OF THIS PROJECT GUTENBERG EBOOK {0} ***\n\n\n"
END = "\n\nEnd of the Project Gutenberg EBook of {0}\n\n*** END OF THIS PROJECT GUTENBERG EBOOK {0} ***\n"
LICENCE = "\nSTART: FULL LICENSE\n\nSection 1. Project Gutenberg-tm License: you may copy it.\n\n"


def body(name: str) -> str:
    return "\n\n".join(f"Chapter {number} of {name}, which goes on for a while." for number in range(1, 40))


def book(name: str, *, end: str = END) -> str:
    return HEADER.format(name) + START.format(name) + body(name) + end.format(name) + LICENCE


@pytest.mark.parametrize(
    "text",
    [
        book("Emma") + book("Moby Dick") + book("Faust"),
        book("Emma", end="").replace(LICENCE, "\n\n") + book("Moby Dick") + book("Faust"),  # without its end
        book("Emma") + (book("Moby Dick") + book("Faust")).replace("End of the", "The End of the"),
        "".join(book(name).removeprefix(HEADER.format(name)) for name in ("Emma", "Moby Dick", "Faust")),
    ],
)
def test_every_book_is_kept_and_no_licence(text: str) -> None:
    found = strip_gutenberg(text)

    assert found.text == "\n\n\n".join(map(body, ("Emma", "Moby Dick", "Faust")))
    assert found.title in ("Emma", None)


def test_one_book_is_read_as_before() -> None:
    found = strip_gutenberg(book("Emma"))

    assert (found.text.strip(), found.title, found.metadata) == (body("Emma"), "Emma", {"author": "A. Writer"})
