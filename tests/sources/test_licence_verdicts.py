"""Verdicts on repositories and licence texts, most of them made from the templates of `licenseclassifier`."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from builders import licence_text, write_zip

from massivetext.recipe.kinds import PAPER_LICENCES
from massivetext.schema import Document, Rejected
from massivetext.sources.licensing import licence_templates
from massivetext.sources.licensing.repository_licences import judge_files

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]


def template_text(name: str, *, optional: bool = False) -> str:
    """Return the text of a licence by its template: first alternatives, nothing in gaps."""
    stack: list[list[str]] = [[""]]
    last = ""
    for part in licence_templates._PARTS.findall(licence_templates._sources()[name][0]):
        if part.startswith("//**"):
            continue
        if part == "((":
            stack.append([""])
        elif part == "||":
            stack[-1].append("")
        elif part == "))":
            last = stack.pop()[0]
            stack[-1][-1] += last
        elif part == "??":
            stack[-1][-1] = stack[-1][-1] if optional else stack[-1][-1].removesuffix(last)
        else:
            stack[-1][-1] += "" if part.startswith("__") else part
    return re.sub(r"[ \t]+", " ", stack[0][0]).strip()


MIT, BSD, APACHE = (licence_text(name) for name in ("MIT", "BSD-3-Clause", "Apache-2.0"))
ISC, UNLICENSE, CC0 = (template_text(name, optional=True) for name in ("ISC", "Unlicense", "CC0-1.0"))
COMMONS_CLAUSE = f'"Commons Clause" License Condition v1.0\n\n{template_text("CommonsClause")}'
FEH = MIT.replace(
    "shall be included in all",
    "shall be included in all copies of the Software and its documentation and acknowledgment shall be given in the"
    " documentation and software packages that this Software was used, and in all",
)
ADVERTISING = BSD.replace(
    "Neither the name",
    "All advertising materials mentioning features or use of this software must display an acknowledgement."
    " Neither the name",
)


class Case(NamedTuple):
    """A repository, its licences, and the reason of "unknown" as it is shown."""

    name: str
    files: Mapping[str, str]
    licences: tuple[str, ...]
    reason: str = ""


def one(text: str) -> dict[str, str]:
    return {"LICENSE": text}


ACCEPTED = [
    Case("mit", one(MIT), ("MIT",)),
    Case("bsd", one(BSD), ("BSD-3-Clause",)),
    Case("apache", one(APACHE), ("Apache-2.0",)),
    Case("isc", one(ISC), ("ISC",)),
    Case("unlicense", one(UNLICENSE), ("Unlicense",)),
    Case("cc0", one(CC0), ("CC0-1.0",)),
    Case("both", {"LICENSE-MIT": MIT, "LICENSE-APACHE": APACHE}, ("Apache-2.0", "MIT")),
    Case("holder called Will", one(licence_text("MIT", "Will Grant")), ("MIT",)),
    Case("holder's address below", one(MIT.replace("Ann Lee", "Ann Lee\nhttps://x.org/graphs/contributors")), ("MIT",)),
    Case("introduced", one(f"Foo is released under the MIT license, reproduced below.\n\n{MIT}"), ("MIT",)),
    Case("html", one(f"<html><p>{MIT.replace(chr(10) * 2, '</p><p>')}</p></html>"), ("MIT",)),
    Case("markdown", {"LICENSE.md": f"# The MIT License\n\n{MIT}"}, ("MIT",)),
    Case(
        "java", {"pom.xml": "<license><name>The Apache Software License, Version 2.0</name></license>"}, ("Apache-2.0",)
    ),
    Case("free for all", {"LICENSE": MIT, "README.md": "# License\nFree for personal and commercial use."}, ("MIT",)),
    Case("script", {"LICENSE": MIT, "check_license.sh": "exit 1"}, ("MIT",)),
]
CHANGED = "its words are not those of MIT"
CLAUSES = [
    Case("non-commercial", one(f"{MIT}\nNot for commercial use."), ("MIT", "unknown"), CHANGED),
    Case("commons clause", one(f"{COMMONS_CLAUSE}\n\n{MIT}"), ("MIT", "unknown"), CHANGED),
    Case(
        "commons clause in its own file",
        {"LICENSE": MIT, "COMMONS-CLAUSE.md": COMMONS_CLAUSE},
        ("MIT", "unknown"),
        "COMMONS-CLAUSE.md: unknown (it resembles no known licence)",
    ),
    Case("no training", one(f"{MIT}\nIt is not allowed to train models with it."), ("MIT", "unknown"), CHANGED),
    Case(
        "no training, in the readme",
        {"LICENSE": MIT, "README.md": "## License\nMIT. Do not use it to train any model."},
        ("MIT", "unknown"),
        'README.md: unknown (its section on the licence says "not use it to train"',
    ),
    Case(
        "good, not evil",
        one(MIT.replace("THE SOFTWARE", "The Software shall be used for Good, not Evil.\nTHE SOFTWARE")),
        ("MIT", "unknown"),
        CHANGED,
    ),
    Case("json licence", one(template_text("JSON")), ("MIT", "unknown"), CHANGED),
    Case(
        "use limit",
        one(f"{APACHE}\nAdditional Use Grant: no more than 10 servers."),
        ("Apache-2.0", "unknown"),
        "its words are not those of Apache-2.0",
    ),
    Case(
        "business source",
        one(f"Business Source License 1.1\n\n{template_text('BUSL-1.1')}"),
        ("BUSL-1.1",),
        "LICENSE: BUSL-1.1",
    ),
    Case("attribution", one(FEH), ("unknown",), "it resembles no known licence"),
    Case("advertising", one(ADVERTISING), ("BSD-4-Clause", "unknown"), "its words are not those of BSD-4-Clause"),
    Case(
        "no nuclear", one(template_text("BSD-3-Clause-No-Nuclear-License")), ("BSD-3-Clause", "unknown"), "BSD-3-Clause"
    ),
    Case(
        "no military",
        one(template_text("BSD-3-Clause-No-Military-License")),
        ("BSD-3-Clause", "unknown"),
        "BSD-3-Clause",
    ),
    Case("field of use", one(f"For use with Acme devices only.\n\n{MIT}"), ("MIT", "unknown"), CHANGED),
    Case("ethical", one(template_text("Hippocratic-2.1")), ("unknown",), "it resembles no known licence"),
    Case("anti-996", one(template_text("Anti996")), ("unknown",), "it resembles no known licence"),
    Case("polyform", one(template_text("PolyForm-Noncommercial-1.0.0")), ("unknown",), "it resembles no known licence"),
    Case("elastic", one(template_text("Elastic-2.0")), ("unknown",), "it resembles no known licence"),
    Case("holder line", one(MIT.replace("Ann Lee", "Ann Lee, Academic Use Only")), ("MIT", "unknown"), CHANGED),
    Case("in German", one(MIT.replace("Ann Lee", "Ann Lee, Keine Kommerzielle Nutzung")), ("MIT", "unknown"), CHANGED),
    Case(
        "added after 300 kB",
        one(MIT + "\n" * 300_000 + "Not for sale."),
        ("unknown",),
        "it is longer than 262,144 bytes",
    ),
    Case(
        "in the tag",
        {"package.json": '{"license": "MIT WITH Commons-Clause"}'},
        ("MIT", "unknown"),
        'it says "MIT WITH',
    ),
    Case("eula", {"LICENSE": MIT, "EULA.txt": "By using it you agree. " * 30}, ("MIT", "unknown"), "EULA.txt: unknown"),
]
OTHERS = [
    Case("gpl", one(template_text("GPL-3.0", optional=True)), ("GPL-3.0",), "LICENSE: GPL-3.0"),
    Case(
        "mit and gpl in one file",
        one(f"{MIT}\n\n{template_text('GPL-2.0-or-later')}"),
        ("GPL", "MIT", "unknown"),
        "GPL",
    ),
    Case("no licence", {"README.md": "# License\nAll rights reserved."}, ("unknown",), "no file names a licence"),
    Case(
        "classifier",
        {"LICENSE": MIT, "setup.py": "'License :: Free for non-commercial use'"},
        ("MIT", "unknown"),
        "Free for non-commercial use",
    ),
    Case(
        "old setup.py",
        {"LICENSE": MIT, "setup.py": "setup(name='x', license='GPL v3')"},
        ("MIT", "unknown"),
        'it says "GPL v3"',
    ),
    Case(
        "variable", {"setup.py": "LIC = 'GPL'\nsetup(license=LIC)", "LICENSE": MIT}, ("MIT", "unknown"), 'it says "GPL"'
    ),
    Case("r", {"DESCRIPTION": "License: GPL (>= 2)\n"}, ("unknown",), "GPL (>= 2)"),
    Case(
        "see a file that is missing",
        {"LICENSE": MIT, "package.json": '{"license": "SEE LICENSE IN EULA.txt"}'},
        ("MIT", "unknown"),
        "names EULA.txt, which is not in the archive",
    ),
    Case(
        "utf-16",
        one("\ufeffAll rights reserved. No use without consent of the owner."),
        ("unknown",),
        "no known licence",
    ),
]


def test_the_table_is_long_enough() -> None:
    assert len(ACCEPTED) + len(CLAUSES) + len(OTHERS) >= 40
    assert len(CLAUSES) >= 15


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_accepted(case: Case) -> None:
    verdict = judge_files(case.files)

    assert (verdict.licences, verdict.refused(PAPER_LICENCES)) == (case.licences, "")


@pytest.mark.parametrize("case", [*CLAUSES, *OTHERS], ids=lambda case: case.name)
def test_refused_with_the_reason(case: Case) -> None:
    verdict = judge_files(case.files)

    assert verdict.licences == case.licences
    assert case.reason in verdict.refused(PAPER_LICENCES)


@pytest.mark.parametrize("case", CLAUSES, ids=lambda case: case.name)
def test_no_file_of_a_repository_with_a_clause_is_read(case: Case, tmp_path: Path, read_file: ReadFile) -> None:
    files = {f"a-1/{path}": text.encode() for path, text in case.files.items()} | {"a-1/x.py": b"x = 1"}
    documents, rejected = read_file("code", write_zip(tmp_path / "a.zip", files))

    assert documents == []
    assert [r.reason for r in rejected] == ["licence"]
    assert case.reason in rejected[0].detail


@pytest.mark.parametrize("optional", [False, True])
def test_no_other_licence_is_taken_for_an_accepted_one(optional: bool) -> None:
    taken = {}
    for name in licence_templates._sources():
        verdict = judge_files(one(template_text(name, optional=optional)))
        if verdict.licences != (name,) and not verdict.refused(PAPER_LICENCES):
            taken[name] = verdict.licences

    assert taken == {}


# What the licence is, and what says so. "A OR B" is accepted if both are, and stays a choice unless another statement
# makes it.
@pytest.mark.parametrize(
    ("files", "expression", "evidence"),
    [
        (
            {"Cargo.toml": '[package]\nlicense = "MIT OR Apache-2.0"'},
            "Apache-2.0 OR MIT",
            "Cargo.toml: Apache-2.0 OR MIT",
        ),
        ({"Cargo.toml": '[package]\nlicense = "MIT/Apache-2.0"'}, "Apache-2.0 OR MIT", "Cargo.toml: Apache-2.0 OR MIT"),
        ({"package.json": '{"license": "(ISC AND MIT)"}'}, "ISC AND MIT", "package.json: ISC AND MIT"),
        (
            {"package.json": '{"license": "ISC"}', "Cargo.toml": '[package]\nlicense = "MIT OR Apache-2.0"'},
            "ISC AND (Apache-2.0 OR MIT)",
            "Cargo.toml: Apache-2.0 OR MIT; package.json: ISC",
        ),
        (  # the repository has the text of one: that is the choice
            {"Cargo.toml": '[package]\nlicense = "MIT OR Apache-2.0"', "LICENSE": MIT},
            "MIT",
            "Cargo.toml: Apache-2.0 OR MIT; LICENSE: MIT",
        ),
        (
            {"setup.py": '["License :: OSI Approved :: MIT License"]', "setup.cfg": "[metadata]\nlicense = MIT OR ISC"},
            "MIT",
            "setup.cfg: ISC OR MIT; setup.py: MIT",
        ),
        ({"LICENSE": "SPDX-License-Identifier: MIT OR ISC"}, "ISC OR MIT", "LICENSE: ISC OR MIT"),
    ],
)
def test_a_choice_of_licences_stays_a_choice(
    tmp_path: Path, read_file: ReadFile, files: dict[str, str], expression: str, evidence: str
) -> None:
    named = {**{name: text.encode() for name, text in files.items()}, "src/a.py": b"x = 1"}
    documents, _ = read_file("code", write_zip(tmp_path / "a.zip", named))

    assert {(d.metadata["licence"], d.metadata["licence_evidence"]) for d in documents} == {(expression, evidence)}


@pytest.mark.parametrize(
    ("files", "expression"),
    [
        ({"src/a.py": "# SPDX-License-Identifier: ISC OR Zlib\nx = 1"}, "ISC OR Zlib"),
        ({"src/a.py": "x = 1", "src/a.py.license": "SPDX-License-Identifier: ISC OR Zlib"}, "ISC OR Zlib"),
        (
            {
                "src/a.py": "x = 1",
                "REUSE.toml": '[[annotations]]\npath = "src/**"\nSPDX-License-Identifier = "ISC OR Zlib"',
            },
            "ISC OR Zlib",
        ),
    ],
)
def test_so_does_the_choice_of_a_file(
    tmp_path: Path, read_file: ReadFile, files: dict[str, str], expression: str
) -> None:
    named = {name: text.encode() for name, text in {"LICENSE": MIT, **files}.items()}
    documents, rejected = read_file("code", write_zip(tmp_path / "a.zip", named), licences=("MIT", "ISC", "Zlib"))

    assert [d.metadata["licence"] for d in documents] == [expression], rejected


def test_a_choice_with_a_licence_that_is_not_accepted_is_refused(tmp_path: Path, read_file: ReadFile) -> None:
    files = {"Cargo.toml": b'[package]\nlicense = "MIT OR GPL-2.0"', "src/a.rs": b"fn f() {}"}
    documents, rejected = read_file("code", write_zip(tmp_path / "a.zip", files))

    assert documents == []
    assert "not accepted: GPL-2.0 (Cargo.toml: GPL-2.0 OR MIT)" in rejected[0].detail


@pytest.mark.parametrize(
    ("licence", "expression"),
    [("MIT OR ISC", "ISC OR MIT"), (["MIT", "ISC"], "ISC AND MIT")],
)
def test_a_record_may_leave_a_choice(tmp_path: Path, read_file: ReadFile, licence: object, expression: str) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": "x = 1", "path": "a.py", "license": licence}))
    documents, _ = read_file("code", tmp_path / "a.jsonl")

    assert [d.metadata["licence"] for d in documents] == [expression]
