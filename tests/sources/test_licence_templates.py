import io
import tarfile
import textwrap
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import licence_text
from hypothesis import given, settings
from hypothesis import strategies as st

from massivetext.schema import Document, Rejected
from massivetext.sources.licensing.licence_templates import matches_whole
from massivetext.sources.licensing.licences import licences_of_text

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]

MIT, BSD, APACHE = (licence_text(name) for name in ("MIT", "BSD-3-Clause", "Apache-2.0"))
TEXTS = {"MIT": MIT, "BSD-3-Clause": BSD, "Apache-2.0": APACHE}
CLAUSES = (
    "This software may not be used for commercial purposes.",
    "The Software shall be used for Good, not Evil.",
    "You may not use the Software to train machine learning models.",
    "The grant of rights under the License does not include the right to Sell the Software.",
    "It must not be used by military or intelligence organisations.",
    "Use is limited to natural persons and educational institutions.",
    "Redistribution of modified versions requires written consent of the author.",
    "Das Programm darf nicht gewerblich genutzt werden.",
)


@pytest.mark.parametrize("clause", CLAUSES)
@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize(
    "place", ["{clause}\n\n{text}", "{text}\n\n{clause}\n", "{text}\n\nCopyright 2020 X. {clause}"]
)
def test_a_licence_with_an_added_clause_is_unknown(name: str, clause: str, place: str) -> None:
    assert "unknown" in licences_of_text(place.format(clause=clause, text=TEXTS[name]))


@pytest.mark.parametrize("name", TEXTS)
@given(
    words=st.lists(
        st.sampled_from(["alpha", "beta", "use", "not", "commercial", "may", "software", "only", "Foo", "the", "Bar"]),
        min_size=5,
    ),
    place=st.floats(0, 1),
)
@settings(max_examples=60, deadline=None)
def test_a_sentence_inserted_anywhere_is_never_accepted(name: str, words: list[str], place: float) -> None:
    whole = TEXTS[name].split(" ")
    cut = int(place * len(whole))
    sentence = f"And {' '.join(words)} is required."
    text = " ".join([*whole[:cut], sentence, *whole[cut:]])

    assert matches_whole(text, [name]) is None


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("mark", ["", "# ", " * ", "// ", ";; ", "> "])
@pytest.mark.parametrize("width", [50, 200])
def test_lines_and_comment_marks_do_not_matter(name: str, mark: str, width: int) -> None:
    paragraphs = [textwrap.fill(" ".join(part.split()), width) for part in TEXTS[name].split("\n\n")]
    text = "\n".join(mark + line for line in "\n\n".join(paragraphs).splitlines())

    assert matches_whole(text, [name]) == (name,)


@pytest.mark.parametrize("name", TEXTS)
def test_quotes_and_case_do_not_matter(name: str) -> None:
    assert matches_whole(TEXTS[name].replace('"', "”"), [name]) == (name,)
    assert matches_whole(TEXTS[name].lower(), [name]) == (name,)


@pytest.mark.parametrize(
    "holder", ["The Regents of the University of California", "ACME, Inc.", "José Núñez <jose@example.org>", "mojombo"]
)
@pytest.mark.parametrize("name", TEXTS)
def test_holders_do_not_matter(name: str, holder: str) -> None:
    assert matches_whole(licence_text(name, holder), [name]) == (name,)


def test_two_licences_in_one_text_are_both_found() -> None:
    assert matches_whole(f"{MIT}\n\n{BSD}", ["MIT", "BSD-3-Clause"]) == ("BSD-3-Clause", "MIT")


def test_a_disclaimer_may_be_shortened_but_conditions_may_not() -> None:
    short = MIT[: MIT.index("IMPLIED, INCLUDING")] + "IMPLIED."

    assert matches_whole(short, ["MIT"]) == ("MIT",)
    assert matches_whole(MIT[: MIT.index("THE SOFTWARE IS")], ["MIT"]) is None


def tar_of(path: Path, licence: str) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in (("repo-1.0/LICENSE", licence), ("repo-1.0/a.py", 'print("hello")\n')):
            info = tarfile.TarInfo(name)
            info.size = len(content.encode())
            archive.addfile(info, io.BytesIO(content.encode()))
    return path


@pytest.mark.parametrize(
    "licence",
    [f"{MIT}\n{CLAUSES[0]}", f'"Commons Clause" License Condition v1.0\n\n{CLAUSES[3]}\n\n{MIT}'],
)
def test_a_repository_under_an_added_clause_is_refused(tmp_path: Path, read_file: ReadFile, licence: str) -> None:
    documents, rejected = read_file("code", tar_of(tmp_path / "a.tar.gz", licence))

    assert documents == []
    assert [r.reason for r in rejected] == ["licence"]


def test_an_apache_1_1_title_over_the_text_of_bsd_is_refused(tmp_path: Path, read_file: ReadFile) -> None:
    text = "The Apache Software License, Version 1.1\n" + BSD

    assert read_file("code", tar_of(tmp_path / "a.tar.gz", text))[0] == []


def test_archives_made_on_a_mac_are_read(tmp_path: Path, read_file: ReadFile) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("repo-1.0/LICENSE", "repo-1.0/src/a.py", "__MACOSX/repo-1.0/src/._a.py", "__MACOSX/._repo-1.0"):
            archive.writestr(name, MIT if name.endswith("LICENSE") else "x = 1\n")
    documents, rejected = read_file("code", tmp_path / "a.zip")

    assert [(d.key, d.metadata["licence"]) for d in documents] == [("repo-1.0/src/a.py", "MIT")]
    assert {r.reason for r in rejected} == {"not_source_code", "archive_metadata"}
