import pytest
from lxml import etree

from massivetext.extract.render import render_text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("", ""),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<head>H</head><p>a <hi>b</hi> c</p>", "H\n\na b c"),
        ("<p>first<lb/>second <lb/> third</p>", "first\nsecond\nthird"),
        ("<p>a\n   b\tc</p>", "a b c"),
        ("loose <hi>text</hi><p>p</p> tail", "loose text\n\np\n\ntail"),
        ("<p>see <code>x = 1</code> here</p>", "see x = 1 here"),
        ("<code>if x:\n    y\n\n    z\n</code>", "if x:\n    y\n\n    z"),
        ("<code>\n  a\n<code>b\n</code></code>", "  a\nb"),
        ("<p>before</p><code>a<lb/>  b</code><p>after</p>", "before\n\na\n  b\n\nafter"),
        ("<quote><p>a</p><p>b</p></quote>", "a\n\nb"),
        ("<p> </p><list><item/></list><table/><code>\n</code>", ""),
    ],
)
def test_blocks(body: str, text: str) -> None:
    assert render_text(etree.fromstring(f"<body>{body}</body>")) == text


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ('<list rend="ul"><item>a</item><item>b</item></list>', "- a\n- b"),
        ('<list rend="ol"><item>a</item><item/><item>b</item></list>', "1. a\n2. b"),
        ('<list rend="ul"><item>a<list rend="ul"><item>b</item></list></item></list>', "- a\n  - b"),
        ('<list rend="ol"><item>a<list rend="ul"><item>b</item></list></item></list>', "1. a\n   - b"),
        ('<list rend="ul"><item><p>a</p><p>b</p></item></list>', "- a\n  b"),
        (
            '<list rend="dl"><item rend="dt-1">term</item><item rend="dd-1">what it is</item></list>',
            "term\n  what it is",
        ),
    ],
)
def test_lists_keep_bullets_numbers_and_depth(items: str, text: str) -> None:
    assert render_text(etree.fromstring(f"<body>{items}</body>")) == text


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ("<row><cell>a</cell><cell>b</cell></row><row><cell>c</cell><cell>d<p>e</p></cell></row>", "a | b\nc | d e"),
        ("<row><cell>a</cell><cell/><cell>c</cell></row>", "a | c"),
        ("<row><cell><p>an</p><p>article</p></cell></row>", "an\n\narticle"),
        (
            "<row><cell>a</cell><cell>b</cell></row><row><cell>alone</cell></row><row><cell>c</cell><cell>d</cell></row>",
            "a | b\n\nalone\n\nc | d",
        ),
    ],
)
def test_tables_have_one_line_per_row(rows: str, text: str) -> None:
    assert render_text(etree.fromstring(f"<body><table>{rows}</table></body>")) == text
