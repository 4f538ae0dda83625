import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massivetext.sources.wikitext import WikitextError, to_text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("", ""),
        ("{{Infobox|a=b}}", ""),
        ("'''Albedo''' is ''whiteness''.", "T\n\nAlbedo is whiteness."),
        ("A [[link]] and [[page|another]].", "T\n\nA link and another."),
        ("A fact.<ref>Book, p. 1</ref> More.<ref name=x/>", "T\n\nA fact. More."),
        ("Before.\n{|\n! head\n|-\n| cell\n|}\nAfter.", "T\n\nBefore.\n\nAfter."),
        ("[[File:A.jpg|thumb|A [[caption]]]]Text.[[Category:Rivers]]", "T\n\nText."),
        ("[[:Category:Rivers]] is a link.", "T\n\n:Category:Rivers is a link."),
        ("Text with [http://a.example a link] and <!-- no --> &amp; entity.", "T\n\nText with a link and  & entity."),
        ("A <ref>x{{cite|a=<br/>}}</ref>b<!-- <ref> -->c<REF name='d/e' />.<references/>", "T\n\nA bc."),
        ("Text. [[de:Fluss]] [[:de:Fluss]] [[de:Fluss|in German]]", "T\n\nText.  :de:Fluss in German"),
        ("__NOTOC__\nText.", "T\n\nText."),
        ("Lead.\n\n== One ==\nFirst.\n\n== Two ==\nSecond.", "T\n\nLead.\n\nOne\nFirst.\n\nTwo\nSecond."),
        ("{{reflist}}<div>inside {{notelist}}<table><tr><td>x</td></tr></table></div>", "T\n\ninside"),
    ],
)
def test_markup_becomes_text(markup: str, text: str) -> None:
    assert to_text("T", markup) == text


@pytest.mark.parametrize(
    "name", ["References", "External links", "see also", " Further reading ", "Notes", "Citations"]
)
def test_sections_of_references_go_with_their_subsections(name: str) -> None:
    markup = f"Lead.\n=={name}==\nx\n===Books===\ny\n==History==\nStays.\n===Sources===\nz\n===Later===\nStays too."

    assert to_text("T", markup) == "T\n\nLead.\n\nHistory\nStays.\n\nLater\nStays too."


def test_namespaces_of_the_wiki_itself_are_known() -> None:
    markup = "[[Datei:A.jpg|mini|Bild]][[Datum]]"

    assert to_text(None, markup, frozenset({"datei"})) == "Datum"
    assert "Bild" in to_text(None, markup)


@pytest.mark.parametrize("piece", ["{{a|", "[[a|", "<div>", "{|\n|-\n", "<ref>x ", "<!-- x ", "[http://a "])
def test_a_page_that_would_take_hours_is_refused(piece: str) -> None:
    with pytest.raises(WikitextError, match="are not closed"):
        to_text("T", piece * 3000)

    assert to_text("T", "Text. " + piece * 20) is not None


def test_closed_markup_and_single_tags_are_not_counted() -> None:
    assert to_text("T", "{{a|[[b]]}}<br><td>x<div>y</div>" * 1000).startswith("T\n\n")


@given(st.text(alphabet=st.sampled_from(list("[]{}|='*#:;<>/!- \nabTref")), max_size=80))
@settings(deadline=None, max_examples=150)
def test_nothing_raises(markup: str) -> None:
    text = to_text("T", markup)

    assert text == "" or text.startswith("T\n\n")
