import pytest

from massivetext.extract import extract

SENTENCE = "The river rises in the hills and runs down to the sea, and the people of the valley live by it."
BYLINE = "Posted by Ada Penbury on 7 May 2019"


def page(before: str, after: str = "") -> str:
    paragraphs = f"<p>{SENTENCE} {SENTENCE}</p>" * 5
    return f"<html><body><article><h1>The river</h1>{before}{paragraphs}{after}</article></body></html>"


@pytest.mark.parametrize(
    "notice",
    [
        "We use cookies to remember your settings and to count visitors.",
        "This site uses cookies. Accept all cookies?",
        "Copyright 2019 by the authors. All rights reserved.",
        BYLINE,
        "By Ada Penbury, 7 May 2019",
    ],
)
def test_a_notice_in_the_text_is_dropped(notice: str) -> None:
    text = extract(page(f"<p>{notice}</p>")).text

    assert notice not in text
    assert text.count(SENTENCE) == 10


@pytest.mark.parametrize(
    "sentence",
    [
        "We baked cookies by the river in May 2019, and the use of butter made them soft, as the recipe had promised.",
        f"Cookies are small files that a browser keeps, and we use cookies here as an example. {SENTENCE * 3}",
        f"Copyright 2019 was a strange year for the courts. {SENTENCE * 3}",
        "By the river lived a man in 1907, and he had a boat, which he had made of the wood of one old oak tree.",
    ],
)
def test_prose_about_such_things_stays(sentence: str) -> None:
    assert sentence in extract(page(f"<p>{sentence}</p>")).text


def test_several_bylines_stay_as_in_a_thread() -> None:
    post = f"<p>{BYLINE}</p><p>{SENTENCE} {SENTENCE}</p>"

    assert (BYLINE in extract(page("", post * 4)).text) == (BYLINE in extract(page("", post * 5)).text)


def test_a_page_that_is_only_a_notice_keeps_it() -> None:
    notice = "We use cookies to remember your settings and to count visitors."

    assert extract(f"<html><body><p>{notice}</p></body></html>").text == notice
