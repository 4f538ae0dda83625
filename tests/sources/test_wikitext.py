import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massivetext.sources.wiki.wiki_languages import wiki_language
from massivetext.sources.wiki.wikitext import to_text

ENGLISH = wiki_language("en")


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("", ""),
        ("{{Infobox|a=b}}", ""),
        ("'''Albedo''' is ''whiteness''.", "T\n\nAlbedo is whiteness."),
        ("A [[link]] and [[page|another]].", "T\n\nA link and another."),
        ("A fact.<ref>Book, p. 1</ref> More.<ref name=x/>", "T\n\nA fact. More."),
        ("Before.\n{|\n! head\n|-\n| cell\n|}\nAfter.", "T\n\nBefore.\nAfter."),
        ("[[File:A.jpg|thumb|A [[caption]]]]Text.[[Category:Rivers]]", "T\n\nText."),
        ("[[:Category:Rivers]] is a link.", "T\n\nCategory:Rivers is a link."),
        ("Text with [http://a.example a link] and <!-- no --> &amp; entity.", "T\n\nText with a link and & entity."),
        ("A <ref>x{{cite|a=<br/>}}</ref>b<!-- <ref> -->c<REF name='d/e' />.<references/>", "T\n\nA bc."),
        ("Text. [[de:Fluss]] [[:de:Fluss]] [[de:Fluss|in German]]", "T\n\nText. de:Fluss in German"),
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


def test_namespaces_of_the_wiki_itself_and_of_others_are_known() -> None:
    markup = "[[Datei:A.jpg|mini|Bild]][[Datum]][[Hasiera:B|eskuin|irudia]]"

    assert to_text(None, markup, wiki_language("eu", frozenset({"hasiera"}))) == "Datum"
    assert to_text(None, markup) == "Datumeskuin|irudia"


def test_a_file_in_an_unknown_namespace_is_told_by_its_name() -> None:
    markup = "[[Attēls:A.jpg|thumb|250px|A [[caption]]]]Text of [[c:File:A.jpg|a file]], [[:Attēls:A.jpg|another]]."

    assert to_text(None, markup) == "Text of a file, another."


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("Solomon Grundy,<br>Born on Monday,<br/>Christened", "Solomon Grundy,\nBorn on Monday,\nChristened"),
        ("<p>One.</p><p>Two.</p> Three.<ul><li>a</li><li>b</li></ul>", "One.\n\nTwo.\n\nThree.\n\n- a\n- b"),
        ("* a\n** b\n# x\n# y\n;term : meaning\n:indented", "- a\n  - b\n1. x\n2. y\nterm\nmeaning\nindented"),
        ("It is {{convert|93|m|ft}} tall, {{nowrap|{{lang|fr|très}} haut}}.", "It is 93 m tall, très haut."),
        ("{{convert|10|to|20|km}}, {{convert|5|ft|11|in}}", "10 to 20 km, 5 ft 11 in"),
        ("{{formatnum:77006}} people in {{Small caps|Rome}}", "77,006 people in Rome"),
        ("On {{start date|1993|02|24}} and {{start date|1993|2|4|df=y}}", "On February 24, 1993 and 4 February 1993"),
        ("Munich ({{lang-de|München}}; {{IPA|x}}) lies", "Munich (German: München; x) lies"),
        ("Munich ({{a}}; {{b}}) lies ({{c}}, south) or (north; {{d}}).", "Munich lies (south) or (north)."),
        ("A {{unknown}} hole, {{unknown}} and one {{unknown}}.", "A hole, and one."),
        ("The function main() stays, ( ) too.", "The function main() stays, ( ) too."),
        ("<math>\\frac{1}{2}\n</math> and 10<sup>6</sup>, 4<sup>th</sup>", "\\( \\frac{1}{2} \\) and 10^6, 4th"),
        ("<noinclude>seen</noinclude><includeonly>not</includeonly> <nowiki>[[x]] &lt;</nowiki>", "seen [[x]] <"),
        ("-{zh-cn:计算机;zh-tw:電腦}-和-{H|x}--{原文}-", "计算机和原文"),
        ("De l'''Iliade'' et '''x'''", "De l'Iliade et x"),
        ("'''this is about ''foo'''s family'''", "'this is about foos family"),
        ("{{Infobox\n|a={{b|{|\n| cell\n|}|}}\n|}}Text", "Text"),
        ("{{quote|Said so.|author=Me}}After", "Said so.\n— Me\nAfter"),
        ("{{unclosed\n| a = b\nThe [[a]] text", "unclosed\nThe a text"),
        ("a <b→> c <stdio.h> 1 < 2", "a <b→> c <stdio.h> 1 < 2"),
        ("{{#if: x | yes | no}} {{#ifeq:a|b|yes|no}} {{lc:ABC}}", "yes no abc"),
        ('<span style="display:none">secret</span>seen', "seen"),
        ("<ruby>明日<rp>(</rp><rt>あした</rt><rp>)</rp></ruby>", "明日(あした)"),
        ("seen<!-- to the end", "seen"),
    ],
)
def test_an_article_reads_as_in_a_browser(markup: str, text: str) -> None:
    assert to_text(None, markup, ENGLISH) == text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("''Dune''''\n''''Emma''", "Dune''\n''Emma"),
        ("x ''a'''' b '''''''c'''''", "x a'' b ''c"),
        (";'''Prizes: 2010''' : two\n;''x: y''", "Prizes: 2010\ntwo\nx: y"),
        (";[http://a.example Rome: a history] : a book", "Rome: a history\na book"),
        ("*;tea<br>pot :for <b>tea</b>\n;<i>a: b</i> c :d <br/>e\n;<b>f: g", "tea\npot\nfor tea\na: b c\nd\ne\nf: g"),
        (";-{R|re:mark}- : y", "re:mark\ny"),
        ("-{R|a -{zh-cn:b;zh-tw:c}- d}--{ e -{f}- }-", "a b d e f"),
        ("[http://a.example/x<b>bold</b> word] [http://a.example/<small>y</small>]", "bold word y"),
        (
            "See [[http://a.example/x the site]] and [[//a.example|another]][[https://a.example]].",
            "See [the site] and [another].",
        ),
        ("[[R%26D]], [[100% x]], [[A%0Ab]], [[%FF]] and [[R%26D|R%26D]]", "R&D, 100% x, A%0Ab, %FF and R%26D"),
        ("Hear [[Media:A.ogg|the anthem]] or [[Media:B.ogg]][[Medium:C.ogg|x: y]].", "Hear the anthem or x: y."),
        ("one<br/ >two<br\\>three", "one\ntwo\nthree"),
        ("<includeonly>x</includeonly>== A ==\nb", "A\nb"),
        ("[[#x\n\nText<pagequality level=3 />.", "#x\n\nText."),
        (
            "A <ref>a</ref>, b <ref name=b /> .<ref>c</ref> C <ref>d</ref> <ref>e</ref>; (f <ref>g</ref>) h",
            "A, b. C; (f) h",
        ),
    ],
)
def test_kinds_that_other_readers_test(markup: str, text: str) -> None:
    assert to_text(None, markup, ENGLISH) == text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("{{math|''x'' + 1 {{=}} 3}}, {{nowrap|1=a = b}}", "x + 1 = 3, a = b"),
        ("the ''Eagle''{{'}}s pad, ''Maine''{{'s}}", "the Eagle's pad, Maine's"),
        ("{{as of|2011}}, {{as of|2011|3}}, {{as of|2011|Mar|07}}", "As of 2011, As of March 2011, As of 7 March 2011"),
        ("{{as of|2011|3|7|lc=y|df=us}}, {{as of|2011|since=y}}", "as of March 7, 2011, Since 2011"),
        ("{{as of|2011|3|alt=in early 2011}}, {{as of|bare=y|2011}}", "in early 2011, 2011"),
        ("{{start date|1969|7|20|20|17|40|Z}}, {{end date|1969|7|24}}", "20:17:40, July 20, 1969 (UTC), July 24, 1969"),
        ("{{start date|1969|july|20|20|17|df=y}}, {{dts|1969|Ju|2}}", "20:17, 20 July 1969, 1969-Ju-02"),
        ("{{coord|51|30|N|0|7|30|W|region:GB}}; {{coord|44.1|-87.9}}", "51°30′N 0°7′30″W; 44.1°N 87.9°W"),
        ("At x.{{coord|51|30|N|0|7|W|display=inline,title}} {{coord|1|2|3}}", "At x."),
        (
            "{{INR}} 500, {{USD|5 million}}, {{currency|7|JPY}}, {{currency|7}}, {{currency|7|PLN}}",
            "₹ 500, US$5 million, ¥7, US$7, PLN7",
        ),
        (
            "{{HMS|Hood|51}}, {{USS|Maine}}, {{USS|Iowa|BB-61|2}}, {{USS|Iowa|BB-61|3}}",
            "HMS Hood (51), USS Maine, Iowa, Iowa (BB-61)",
        ),
        (
            "{{USS|Iowa|BB-61|6}}, {{USS|Iowa|BB-61|1}}, {{HNoMS|Tor}}, {{ship|RV|Sol|1990}}",
            "USS Iowa, BB-61, HNoMS Tor, RV Sol (1990)",
        ),
        ("{{sic|teh}}, {{sic|recie|ved}}, {{sic|hide=y|teh}}", "teh [sic], recieved [sic], teh"),
        ("{{percentage|1|8|1}}, {{percentage|1|0}}, {{sqrt|2}}, {{sqrt|2|3}}", "12.5%, 1, √2, 3√2"),
        ("{{nbay|2008}}, {{nbay|1999}}, {{nbay|?}}, {{nfly|1999}}, {{by|1902}}", "2008–09, 1999–2000, ?, 1999, 1902"),
        ("from {{rws|Crewe}} to {{stn|Chester}} {{\\}} {{stl|MTR|Central}}", "from Crewe to Chester / Central"),
    ],
)
def test_templates_of_running_text(markup: str, text: str) -> None:
    assert to_text(None, markup, ENGLISH) == text


@pytest.mark.parametrize(
    ("code", "markup", "text"),
    [
        ("fr", "l{{'}}''Iliade''", "l’Iliade"),
        ("de", "{{EnS|river}}, {{formatnum:1234.5}}", "englisch river, 1.234,5"),
        ("fr", "{{unité|1234|km}} au {{s-|XIX|e}}", "1\u00a0234 km au XIXe siècle"),
        (
            "fr",
            "{{unité|3743,31|km|2}}, {{unité|5000 personnes}}, {{nb|6,02|mol|-1|e=23}}",
            "3\u00a0743,31 km², 5\u00a0000 personnes, 6,02×10^23 mol^-1",
        ),
        ("fr", "{{s|XIII}}, {{84e|Congrès}} ({{1re}} éd.)", "XIIIe siècle, 84e Congrès (1re éd.)"),
        ("en", "{{convert|7|–|8|C-change}}, a {{convert|40|acre|adj=on}} farm", "7–8 °C, a 40-acre farm"),
        ("en", "{{cvt|1.5e6|to|2e6|km3}}", "1.5×10^6 to 2×10^6 km³"),
        ("fr", "{{p.|5}}, {{pp.|5-6}}, {{n°|5}}, {{n°}} 6, {{Mlle|X}}", "p. 5, pp. 5-6, no 5, no 6, Mlle X"),
        ("fr", "{{date|3|5|1970}}, {{date|3|mai|1970}}, {{date||mai|1970}}", "3 mai 1970, 3 mai 1970, mai 1970"),
        ("es", "{{fecha|1|1|2000}}, {{fecha|2|mayo|2000}}", "1 de enero de 2000, 2 de mayo de 2000"),
        ("ru", "{{date|5|5|2020}}", "5 мая 2020"),
        (
            "en",
            "{{as of|2020|5}}, {{as of|2020|May|lc=y}}, {{as of|2019}}",
            "As of May 2020, as of May 2020, As of 2019",
        ),
        ("en", "{{as of|2020|5|3|df=US}}, {{as of|2010|alt=early in 2010}}", "As of May 3, 2020, early in 2010"),
        ("zh", "-{zh-cn:甲-{zh-tw:x;zh-cn:乙}-;zh-tw:z}-丙", "甲乙丙"),
        ("de", '{{"|Zitat}}{{Absatz}}x', "„Zitat“\nx"),
        ("ar", "{{ألمانية|Spree}}", "(بالألمانية: Spree)"),
        ("ru", "({{lang-en|Moscow}})", "(англ. Moscow)"),
        ("ja", "{{読み仮名|漢字|かんじ}}と{{仮リンク|川|en|River}}", "漢字（かんじ）と川"),
        ("zh", "{{lang-en|River}}（{{無}}）", "英语：River"),
    ],
)
def test_templates_of_each_language(code: str, markup: str, text: str) -> None:
    assert to_text(None, markup, wiki_language(code)) == text


@pytest.mark.parametrize(
    ("code", "heading", "dropped"),
    [
        ("de", "Weblinks", True),
        ("en", "Weblinks", True),
        ("de", "Literatur", True),
        ("es", "Literatura", False),
        ("cs", "Literatura", True),
        ("ja", "脚注", True),
        ("it", "Note", True),
    ],
)
def test_headings_are_dropped_by_language(code: str, heading: str, *, dropped: bool) -> None:
    text = to_text(None, f"Lead.\n== {heading} ==\nx", wiki_language(code))

    assert text == ("Lead." if dropped else f"Lead.\n\n{heading}\nx")


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("Lead.\r\n\r\n== One ==\r\n* a\r\n{|\r\n| b\r\n|}\r\n", "Lead.\n\nOne\n- a"),
        ("== A<br />B ==\nx\n<h2>References</h2>\ny\n<h3>Deeper</h3>\nz\n<h2>C</h2> w", "A B\nx\n\nC\nw"),
        ("''a'''''<nowiki/>''', '<small>''b''</small> and l'[[Iliad|''Iliade'']]", "a, 'b and l'Iliade"),
        (";term:def\n;[[Help:FAQ]] : x\n;http://a.example\n;alone", "term\ndef\nHelp:FAQ\nx\nhttp://a.example\nalone"),
        ("[[#History]]\n[http://a.example | bar]\n[[Page||b|]]", "#History\n| bar\n|b|"),
        ("[http://a.example/''Work'' of] [http://[::1]/ x] [http://a.example/<y> z]", "Work of x <y> z"),
        ("[[Page|[http://a.example b]]] and [[File:A.jpg|thumb|[http://a.example c]]]d", "b and d"),
        ("[[Berlin ]]<nowiki/>is [[x| ]]y", "Berlin is y"),
        ("a<pre>b</pre>c<source lang=c inline>d</source>e<source>f</source>", "a\n\nb\n\ncde\n\nf"),
        ("http://a.example/?b=1&section=2&copy=3 &copy; &#x000041;", "http://a.example/?b=1&section=2&copy=3 © A"),
        ("{|\n|-\n| cell\n{| border=1 width=290px\nThe text", "The text"),
        ("__notoc__\nx __init__ y &notanentity;", "x __init__ y &notanentity;"),
        ("x</pre> y</ref> z</nowiki>", "x y z"),
    ],
)
def test_marks_are_read_as_mediawiki_reads_them(markup: str, text: str) -> None:
    assert to_text(None, markup, ENGLISH) == text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("x, {{a}}, {{b}} and {{c}}. From {{a}} {{b}}.", "x. From."),
        ("cod ({{a}} or {{b}}) is (({{a}}, {{b}})) ({{a}}; y)", "cod is (y)"),
        ("{{a}}; see {{b}}\n* {{a}}, {{b}}: x\n* Japanese: {{a}}, {{b}}", "see\n- x\n- Japanese:"),
        ("as follows: {{a}}\n{{a}}.5 and .5 or (a) or ()", "as follows:\n.5 and .5 or (a) or ()"),
    ],
)
def test_what_only_separates_holes_goes_with_them(markup: str, text: str) -> None:
    assert to_text(None, markup, ENGLISH) == text


def test_sections_without_text_are_dropped_unless_they_hold_others() -> None:
    markup = "== Gallery ==\n<gallery>\nA.jpg|x\n</gallery>\n== A ==\n=== B ===\nText."

    assert to_text(None, markup) == "A\n\nB\nText."


@pytest.mark.parametrize(
    "piece",
    [
        "{{a|",
        "[[a|",
        "<div>",
        "{|\n|-\n",
        "<ref>x ",
        "<!-- x ",
        "[http://a ",
        "{{nowrap|",
        "}}",
        "<table>",
        "''",
        "({{",
        "）（{{a}}",
        "{{a}} or ",
        "=<br>",
        ";:",
        ";<b>:",
        "-{a|",
        ";''a:",
        "[http://a<b>",
        " <ref/>",
    ],
)
def test_what_is_never_closed_takes_linear_time(piece: str) -> None:
    start = time.process_time()
    to_text("T", piece * 30_000 + "]]}}|}" * 3_000)
    to_text("T", piece * 15_000)

    assert time.process_time() - start < 10


@given(
    st.lists(st.sampled_from([*"[]{}|='*#:;<>/!- \nabTref_&()", "{{", "}}", "lang", "\ue000", "-{"]), max_size=80).map(
        "".join
    )
)
@settings(deadline=None, max_examples=150)
def test_nothing_raises(markup: str) -> None:
    text = to_text("T", markup)

    assert text == "" or text.startswith("T\n\n")
    assert not any("\ue000" <= character <= "\ue005" for character in text)
