"""What a reader sees as structure stays structure: one small page and one expectation a check."""

from typing import NamedTuple

import pytest

from massivetext.extract.salient import extract_salient

BEFORE = (
    "The harbour town wakes early on market days, and the fishermen bring their catch up the stone steps before the "
    "first bell has rung over the quiet water."
)
AFTER = (
    "Visitors who arrive by the coastal railway find the station a short walk from the square, where bakers and "
    "booksellers share the same low arcade."
)
LONG = "It is the same road that the carts have taken for two hundred years, and nobody has found a better one."


class Check(NamedTuple):
    """HTML within an article, what its text must hold, and what it must not hold."""

    name: str
    html: str
    wanted: str
    unwanted: str = ""


CHECKS = (
    # Code.
    Check("lines of pre", "<pre>if a:\n    b()\n\nc()</pre>", "if a:\n    b()\n\nc()"),
    Check("code within pre", "<pre><code>for x in y:\n\tprint(x)</code></pre>", "for x in y:\n\tprint(x)"),
    Check("br within pre", "<pre>one<br>  two<br>three</pre>", "one\n  two\nthree"),
    Check("spans within pre", "<pre><span>def</span> <span>f</span>():\n  <b>pass</b></pre>", "def f():\n  pass"),
    Check(
        "a span for each line that a style sheet shows as one",
        '<pre><code><span class="line"><b>npm</b> i</span><span class="line"></span><span class="line hl">cd x</span>'
        "</code></pre>",
        "npm i\n\ncd x",
    ),
    Check(
        "a span for each line that ends itself",
        '<pre><span class="line">a = 1\n</span><span class="line">b = 2</span>\n<span class="line">c = 3</span></pre>',
        "a = 1\nb = 2\nc = 3",
    ),
    Check(
        "the height of a line is no line",
        '<pre>x<span style="line-height: 1">y</span><span style="line-height: 1">z</span></pre>',
        "xyz",
    ),
    Check(
        "items of a list as lines of code",
        '<pre class="linenums"><ol><li>int f() {</li><li>&nbsp; return 0;</li></ol></pre>',
        "\n\nint f() {\n  return 0;",
        "1. int",
    ),
    Check(
        "a table whose cells are lines of code",
        '<table><tr><td class="blob-num"></td><td class="blob-code blob-code-inner">def f():</td></tr>'
        '<tr><td class="blob-num">2</td><td class="blob-code blob-code-inner">    return 1</td></tr></table>',
        "def f():\n    return 1",
    ),
    Check("a div for each line", "<pre><div>a = 1</div><div>  b = 2</div></pre>", "a = 1\n  b = 2"),
    Check(
        "a column of line numbers",
        "<table><tr><td><pre>1\n2</pre></td><td><pre>def f(x):\n    return x</pre></td></tr></table>",
        "def f(x):\n    return x",
        "1 2",
    ),
    Check(
        "a column of line numbers by class",
        '<table><tr><td class="linenos"><div><pre>8\n9</pre></div></td><td><pre>a()\n  b()</pre></td></tr></table>',
        "a()\n  b()",
        "8",
    ),
    Check(
        "line numbers in spans",
        '<pre><span class="lineno">1 </span>x\n<span class="lineno">2 </span>y</pre>',
        "x\ny",
        "2",
    ),
    Check("digits within code", f"<p>Call <code>f(<span>12</span><span>34</span>)</code> first. {LONG}</p>", "f(1234)"),
    Check("numbers beside each other", f"<p>{LONG} <span>31</span><span class='b'>4.5 of 5</span></p>", "31 4.5 of 5"),
    Check(
        "dates as links", f"<p>{LONG} <span>Of <a href='a'>2024</a></span><a href='b'>12 notes</a></p>", "2024 12 notes"
    ),
    Check("digits of a counter", f"<p>{LONG} Seen <span>3</span><span>1</span> times.</p>", "Seen 31 times"),
    Check("digits in bold", f"<p>{LONG} Version <b>1</b><i>23</i> is out.</p>", "Version 123 is"),
    Check("code within a sentence", f"<p>Call <code>f(x)</code> first. {LONG}</p>", "Call f(x) first."),
    Check("entities in code", "<pre>a &lt; b &amp;&amp; c</pre>", "a < b && c"),
    Check(
        "mail in pre",
        "<pre>From: A\nSubject: b\n\n&gt; quoted\n\nHello</pre>",
        "From: A\nSubject: b\n\n> quoted\n\nHello",
    ),
    Check("code after code", "<pre>a\n  b</pre><pre>c\n  d</pre>", "a\n  b\n\nc\n  d"),
    # Lists.
    Check("bullets", "<ul><li>bread</li><li>salt</li></ul>", "- bread\n- salt"),
    Check("numbers", "<ol><li>bread</li><li>salt</li></ol>", "1. bread\n2. salt"),
    Check("numbers from a start", "<ol start=4><li>bread</li><li>salt</li></ol>", "4. bread\n5. salt"),
    Check("numbers of items", "<ol><li value=7>bread</li><li>salt</li></ol>", "7. bread\n8. salt"),
    Check("a list in an item", "<ul><li>bread<ul><li>rye</li></ul></li><li>salt</li></ul>", "- bread\n  - rye\n- salt"),
    Check("a list in a list", "<ul><li>bread</li><ul><li>rye</li></ul><li>salt</li></ul>", "- bread\n  - rye\n- salt"),
    Check("a numbered list in an item", "<ol><li>bread<ol><li>rye</ol><li>salt</ol>", "1. bread\n   1. rye\n2. salt"),
    Check("three levels", "<ul><li>a<ul><li>b<ul><li>c</ul></ul></ul>", "- a\n  - b\n    - c"),
    Check("items without end tags", "<ul><li>bread<li>salt</ul>", "- bread\n- salt"),
    Check(
        "paragraphs in items",
        "<ul><li><p>bread</p><p>fresh</p></li><li><p>salt</p></li></ul>",
        "- bread\n  fresh\n- salt",
    ),
    Check("a break in an item", "<ul><li>bread<br>fresh</li></ul>", "- bread\n  fresh"),
    Check(
        "definitions",
        "<dl><dt>Rye</dt><dd>a grain</dd><dt>Salt</dt><dd>a mineral</dd></dl>",
        "Rye\n  a grain\nSalt\n  a mineral",
    ),
    Check("grouped definitions", "<dl><div><dt>Rye</dt><dd>a grain</dd></div></dl>", "Rye\n  a grain"),
    # Tables.
    Check("rows and cells", "<table><tr><th>Year<th>Rye<tr><td>1902<td>52</table>", "Year | Rye\n1902 | 52"),
    Check(
        "an empty cell",
        "<table><tr><th>Year<th>Wheat<th>Rye<tr><td>1902<td><td>52<tr><td>1903<td>131<td></table>",
        "Year | Wheat | Rye\n1902 | | 52\n1903 | 131 |",
    ),
    Check(
        "an empty first cell",
        "<table><tr><td></td><td>Wheat<td>Rye<tr><td>1902<td>7<td>8</table>",
        "| Wheat | Rye\n1902 | 7 | 8",
    ),
    Check(
        "two empty cells", "<table><tr><td>a<td>b<td>c<td>d<tr><td>1<td><td><td>4</table>", "a | b | c | d\n1 | | | 4"
    ),
    Check(
        "a caption",
        "<table><caption>Harvest</caption><tr><td>1902<td>52<tr><td>1903<td>53</table>",
        "Harvest\n\n1902 | 52",
    ),
    Check("a list in a cell", "<table><tr><td>Mon<td><ul><li>10:00</ul><tr><td>Tue<td>12:00</table>", "10:00"),
    Check("head, body and foot", "<table><thead><tr><td>a<td>b<tbody><tr><td>c<td>d</table>", "a | b\nc | d"),
    Check("a break in a cell", "<table><tr><td>a<br>b<td>c<tr><td>d<td>e</table>", "a b | c\nd | e"),
    Check(
        "a table for layout",
        f"<table><tr><td><p>{LONG}</p><p>{LONG}</p><p>x.</p><p>{LONG}</p></table>",
        f"{LONG}\n\n{LONG}",
    ),
    # Quotes, verse, paragraphs.
    Check(
        "a quote in a sentence",
        f"<p>He said, <q>It was enough</q>, and went. {LONG}</p>",
        "He said, “It was enough”, and went.",
    ),
    Check("a quote of its own", f"<blockquote><p>{LONG}</p></blockquote>", f"\n\n{LONG}\n\n"),
    Check(
        "verse",
        f"<p>Who has seen the wind?<br>Neither I nor you:<br>{LONG}</p>",
        f"the wind?\nNeither I nor you:\n{LONG}",
    ),
    Check(
        "indented verse",
        f"<p>Who has seen the wind?<br>&nbsp;&nbsp;&nbsp;Neither I nor you:<br>{LONG}</p>",
        "the wind?\n   Neither I nor you:",
    ),
    Check("stanzas", f"<p>{LONG}<br><br>{LONG}</p>", f"{LONG}\n\n{LONG}"),
    Check("lines of source are no lines", f"<p>one\n two\n three. {LONG}</p>", "one two three."),
    Check(
        "a heading with a link to itself",
        f'<h2 id="a">The market<a class="headerlink" href="#a">&para;</a></h2><p>{LONG}</p>'
        f'<h3 id="b"><a href="#b">#</a> Fish</h3><p>{LONG}</p>',
        f"The market\n\n{LONG}\n\nFish\n\n{LONG}",
        "¶",
    ),
    Check(
        "a sharp in a sentence", f'<p>Notes in C<a href="/sharp">#</a> are rare. {LONG}</p>', "Notes in C# are rare."
    ),
    Check(
        "elements that a style sheet parts",
        f"<p><span>Nine items</span><span>Price</span><b>97</b><i>Current</i> <a>All!</a><a>None</a> {LONG}</p>",
        "Nine items Price 97 Current All! None",
    ),
    Check("a word of several elements", f"<p><b>M</b><b>ore</b> <i>3</i><i>rd</i> x<i>Y</i> {LONG}</p>", "More 3rd xY"),
    Check("code of several elements", f"<p><code>get</code><code>Name</code> {LONG}</p>", "getName"),
    Check("a heading", f"<h2>The market</h2><p>{LONG}</p>", f"\n\nThe market\n\n{LONG}"),
    Check("text beside a block", f"<div>{LONG}<p>{LONG}</p>{LONG}</div>", f"{LONG}\n\n{LONG}\n\n{LONG}"),
    Check("a rule divides", f"{LONG}<hr>{LONG}", f"{LONG}\n\n{LONG}"),
    Check("bold and italic words", f"<p><b>No</b>body <i>knew</i>. {LONG}</p>", "Nobody knew."),
    Check("soft hyphens", f"<p>The rail&shy;way and the har\u00adbour. {LONG}</p>", "The railway and the harbour."),
    Check("a place to break", f"<p>rail<wbr>way. {LONG}</p>", "railway."),
    # Raised and lowered text.
    Check("an exponent", f"<p>It holds 10<sup>6</sup> litres. {LONG}</p>", "10^6 litres"),
    Check("a negative exponent", f"<p>It is 10<sup>−6</sup> of it. {LONG}</p>", "10^−6 of"),
    Check("square metres", f"<p>An area of 3 m<sup>2</sup> is enough. {LONG}</p>", "3 m^2 is"),
    Check("an index", f"<p>They breathe CO<sub>2</sub> there. {LONG}</p>", "CO_2 there"),
    Check("an ordinal", f"<p>On the 1<sup>st</sup> of May. {LONG}</p>", "the 1st of"),
    Check("a mark of a footnote", f"<p>{LONG}<sup>12</sup> They stand there.</p>", "one. 12 They", "one.12"),
    Check("a linked footnote", f'<p>{LONG}<sup><a href="#n1">[1]</a></sup> They stand there.</p>', "one.[1] They"),
    # Formulas.
    Check(
        "TeX in a script",
        rf'<p>Then <script type="math/tex">\frac{{a}}{{b}}</script> holds. {LONG}</p>',
        r"Then \(\frac{a}{b}\) holds.",
    ),
    Check(
        "the annotation of MathML",
        "<p>Then <math><semantics><mi>a</mi><annotation encoding='application/x-tex'>a^2 &lt; b</annotation>"
        f"</semantics></math> holds. {LONG}</p>",
        r"Then \(a^2 < b\) holds.",
    ),
    Check(
        "a formula drawn by KaTeX",
        '<p>Then <span class="katex"><span class="katex-mathml"><math><semantics><mrow><mi>a</mi></mrow><annotation '
        'encoding="application/x-tex">a_1</annotation></semantics></math></span><span class="katex-html" '
        f'aria-hidden="true"><span>a</span><span>1</span></span></span> holds. {LONG}</p>',
        r"Then \(a_1\) holds.",
    ),
    Check(
        "MathML alone",
        f"<p>Then <math><mfrac><mi>a</mi><msup><mi>b</mi><mn>2</mn></msup></mfrac></math> holds. {LONG}</p>",
        r"Then \(\frac{a}{b^{2}}\) holds.",
    ),
    Check(
        "a formula of Wikipedia",
        '<p>Then <span><span style="display: none;"><math alttext="{\\displaystyle E=mc^{2}}"><mi>E</mi></math></span>'
        f'<img class="mwe-math-fallback-image-inline" alt="{{\\displaystyle E=mc^{{2}}}}"></span> holds. {LONG}</p>',
        r"Then \(E=mc^{2}\) holds.",
        "displaystyle",
    ),
    Check("an image of a formula", f'<p>Then <img class="latex" alt="x^2"> holds. {LONG}</p>', r"Then \(x^2\) holds."),
    # What is shown, and what is not.
    Check(
        "a caption of a figure",
        "<figure><img src=x><figcaption>Boats in the harbour</figcaption></figure>",
        "Boats in the harbour",
    ),
    Check(
        "details and their summary",
        f"<details><summary>The older road</summary><p>{LONG}</p></details>",
        f"The older road\n\n{LONG}",
    ),
    Check("a hidden element", f"<div hidden><p>{LONG}</p></div>", BEFORE, LONG),
    Check("an element hidden by its style", f'<p style="color:red; display: none">{LONG}</p>', BEFORE, LONG),
    Check(
        "scripts and styles", f"<p>{LONG}<script>var hidden_one</script><style>p.x{{}}</style></p>", LONG, "hidden_one"
    ),
    Check("comments of the source", f"<p>One <!-- two > three --> four. {LONG}</p>", "One four."),
    Check("right to left", f"<p dir=rtl>שלום עולם, זה המקום שבו הדרך מתחילה. {LONG}</p>", "שלום עולם, זה המקום"),
    Check(
        "a break at the end of each line",
        '<pre><code><span class="token-line"><b>npm</b> i<br></span>'
        '<span class="token-line">  cd&nbsp;x<br></span></code></pre>',
        "npm i\n  cd x",
    ),
    Check("an index and an exponent", f"<p>{LONG} x<sub>1</sub><sup>2</sup></p>", "x_1^2"),
    Check(
        "brackets and accents",
        f"<p>{LONG} <math><mfenced open='['><mi>a</mi><mi>b</mi></mfenced>"
        "<mover><mi>x</mi><mo>&#xaf;</mo></mover></math></p>",
        r"\([a,b)\bar{x}\)",
    ),
    Check("the heading of a short section", f"<p>{LONG}</p><h3>Fares</h3><p>{LONG} {LONG}</p>", f"\n\nFares\n\n{LONG}"),
    Check(
        "a block for each line of code",
        '<div class="syntaxhighlighter java"><table><tr><td class="gutter"><p>1</p></td><td>'
        '<div class="line"><code>int a() {</code></div><div class="line"><code>&nbsp;&nbsp;</code><code>return b();'
        f'</code></div><div class="line"><code>}}</code></div></td></tr></table></div><p>{LONG}</p>',
        "\n\nint a() {\n  return b();\n}\n\n",
    ),
    # How lists are numbered.
    Check("letters", f"<ol type=a><li>{LONG}</li><li>{LONG}</li></ol>", f"a. {LONG}\nb. {LONG}"),
    Check(
        "letters by style from the 26th",
        f'<ol start=26 style="list-style-type: upper-alpha"><li>{LONG}<li>{LONG}</ol>',
        f"Z. {LONG}\nAA. {LONG}",
    ),
    Check("Roman numbers", f"<ol type=I start=9><li>{LONG}</li><li>{LONG}</li></ol>", f"IX. {LONG}\nX. {LONG}"),
    Check("no numbers", f'<ol style="list-style: none"><li>(1) {LONG}</li></ol>', f"- (1) {LONG}"),
    # Cells over several rows or columns.
    Check(
        "a cell over two rows",
        "<table><tr><th>Name<th>Year<th>Sum</tr><tr><td rowspan=2>Tim<td>1902<td>52</tr>"
        "<tr><td>1903<td>60</tr></table>",
        "Name | Year | Sum\nTim | 1902 | 52\n| 1903 | 60",
    ),
    Check(
        "a heading over two columns",
        "<table><tr><th rowspan=2>Name<th colspan=2>Sum<th>End</tr><tr><th>May<th>June</tr>"
        "<tr><td>Tim<td>1<td>2<td>3</tr></table>",
        "Name | Sum | | End\n| May | June\nTim | 1 | 2 | 3",
    ),
    # Superscripts and subscripts.
    Check("an expression above the line", f"<p>{LONG} x<sup>n+1</sup> and a<sub>i-1</sub></p>", "x^(n+1) and a_(i-1)"),
    Check("a word below the line", f"<p>{LONG} v<sub>max</sub> is 3</p>", "v_max is 3"),
    Check("an abbreviation", f"<p>{LONG} n<sup>o</sup> 5 de M<sup>e</sup> Noir</p>", "no 5 de Me Noir"),
    # Hidden text.
    Check(
        "words within a line", f'<p>{LONG} As of 2017<b style="display:none">[update]</b>, it is.</p>', "2017, it is"
    ),
    Check(
        "one of two is shown by a script",
        f'<p>{LONG} Press <span><b hidden="true">Command</b><b hidden="true">Ctrl</b></span>+A.</p>',
        "Command Ctrl+A",
    ),
    Check("blanks in a style", f"<p>{LONG}</p><p style='display : none'>Never {LONG}</p>", LONG, "Never"),
    Check("a closed dialog", f"<p>{LONG}</p><dialog><p>Never {LONG}</p></dialog>", LONG, "Never"),
    Check("an open dialog", f"<dialog open><p>Always {LONG}</p></dialog>", "Always"),
    Check(
        "a shadow tree",
        f'<my-text><template shadowrootmode="open"><p>Shadow: {LONG}</p></template></my-text>'
        f"<template><p>Never {LONG}</p></template>",
        "Shadow",
        "Never",
    ),
    # Comments.
    Check("a comment that ends oddly", f"<!-- a --!><p>Seen: {LONG}</p><!-- b -->", "Seen"),
)


def article(inner: str) -> str:
    """Return a page with an article around some HTML."""
    return (
        "<!DOCTYPE html><html><head><title>Harbour town</title></head><body><nav><a href='/'>Home</a></nav><article>"
        f"<h1>Harbour town</h1><p>{BEFORE}</p><p>{AFTER}</p>{inner}<p>{AFTER}</p><p>{BEFORE}</p></article>"
        "<footer>Copyright</footer></body></html>"
    )


@pytest.mark.parametrize("check", CHECKS, ids=[check.name for check in CHECKS])
def test_structure_stays(check: Check) -> None:
    text = extract_salient(article(check.html), "http://a.example/town").text

    assert check.wanted in text
    assert not check.unwanted or check.unwanted not in text


def test_there_are_sixty_checks() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS) >= 60


def test_text_behind_the_end_of_the_page_stays() -> None:
    assert AFTER in extract_salient(f"<html><body><p>{BEFORE}</p></body></html><p>{AFTER}</p>").text


def test_posts_of_a_thread_stand_apart() -> None:
    posts = "".join(f'<div class="post"><p>{text}</p></div>' for text in (BEFORE, AFTER, LONG))
    text = extract_salient(f'<html><body><div id="thread"><h1>How?</h1>{posts}</div></body></html>').text

    assert f"{BEFORE}\n\n{AFTER}\n\n{LONG}" in text
