import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from builders import licence_text, write_zip

from massivetext.schema import Document, Rejected
from massivetext.sources.licensing import repository_licences
from massivetext.sources.licensing.repository_licences import RepositoryLicences, judge_files

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]

MIT, APACHE = licence_text("MIT"), licence_text("Apache-2.0")
GPL = "GNU GENERAL PUBLIC LICENSE\nVersion 2, June 1991\n"
TAGGED = "// SPDX-License-Identifier: {}\nint x;"


def outcome(read_file: ReadFile, path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return licences of documents by path, and reasons of source files that were refused."""
    documents, rejected = read_file("code", path)
    return (
        {d.metadata["path"]: d.metadata["licence"] for d in documents},
        {r.offset: r.detail for r in rejected if "licence" in r.reason},
    )


def read_files(read_file: ReadFile, folder: Path, files: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    return outcome(read_file, write_zip(folder / "a.zip", {f"r/{name}": text.encode() for name, text in files.items()}))


def test_a_licence_of_a_subfolder_holds_for_what_lies_below(tmp_path: Path, read_file: ReadFile) -> None:
    files = {
        "LICENSE": MIT,
        "a.py": "x = 1",
        "gpl/COPYING": GPL,
        "gpl/deep/b.py": "x = 1",
        "apache/LICENSE": APACHE,
        "apache/c.py": "x = 1",
        "npm/package.json": '{"license": "CC-BY-NC-4.0"}',
        "npm/d.js": "x = 1",
    }
    kept, refused = read_files(read_file, tmp_path, files)

    assert kept == {"a.py": "MIT", "apache/c.py": "Apache-2.0 AND MIT"}
    assert "gpl/COPYING: GPL-2.0 AND unknown" in refused["r/gpl/deep/b.py"]
    assert 'npm/package.json: unknown (it says "CC-BY-NC-4.0")' in refused["r/npm/d.js"]


def test_what_a_file_says_of_itself_counts_but_lifts_no_refusal(tmp_path: Path, read_file: ReadFile) -> None:
    files = {
        "LICENSE": MIT,
        "a.c": TAGGED.format("GPL-2.0-only"),
        "b.c": TAGGED.format("Apache-2.0"),
        "gpl/COPYING": GPL,
        "gpl/c.c": TAGGED.format("MIT"),
    }
    kept, refused = read_files(read_file, tmp_path, files)

    assert kept == {"b.c": "Apache-2.0"}
    assert sorted(refused) == ["r/a.c", "r/gpl/c.c"]


REUSE = {
    "LICENSES/MIT.txt": MIT,
    "LICENSES/GPL-2.0-only.txt": GPL,
    "a.c": TAGGED.format("MIT"),
    "b.c": TAGGED.format("GPL-2.0-only"),
    "c.c": "int x;",
    "d.c": "int x;",
    "d.c.license": "SPDX-FileCopyrightText: 2020 Ann Lee\n\nSPDX-License-Identifier: MIT\n",
    "lib/e.c": "int x;",
    "lib/own/f.c": TAGGED.format("GPL-2.0-only"),
}


@pytest.mark.parametrize(
    "annotations",
    [
        {"REUSE.toml": 'version = 1\n[[annotations]]\npath = "lib/**"\nSPDX-License-Identifier = "MIT"\n'},
        {"lib/REUSE.toml": 'version = 1\n[[annotations]]\npath = ["*.c"]\nSPDX-License-Identifier = "MIT"\n'},
        {".reuse/dep5": "Format: https://x.org\n\nFiles: *.py lib/*\nCopyright: 2020 Ann Lee\nLicense: MIT\n"},
    ],
    ids=["REUSE.toml", "REUSE.toml of a folder", "dep5"],
)
def test_files_of_a_reuse_repository_are_judged_by_themselves(
    tmp_path: Path, read_file: ReadFile, annotations: dict[str, str]
) -> None:
    kept, refused = read_files(read_file, tmp_path, REUSE | annotations)

    assert kept == {"a.c": "MIT", "d.c": "MIT", "lib/e.c": "MIT"}
    assert sorted(refused) == ["r/b.c", "r/c.c", "r/lib/own/f.c"]
    assert "LICENSES/GPL-2.0-only.txt" in refused["r/c.c"]


def test_a_changed_text_in_licenses_makes_its_tag_unknown(tmp_path: Path, read_file: ReadFile) -> None:
    files = {
        "LICENSES/MIT.txt": f"{MIT}\nNot for sale.",
        "LICENSES/Apache-2.0.txt": APACHE,
        "a.c": TAGGED.format("MIT"),
        "b.c": TAGGED.format("Apache-2.0"),
    }
    kept, refused = read_files(read_file, tmp_path, files)

    assert kept == {"b.c": "Apache-2.0"}
    assert "LICENSES/MIT.txt: MIT AND unknown" in refused["r/a.c"]


def test_a_damaged_annotation_file_makes_all_files_unknown(tmp_path: Path, read_file: ReadFile) -> None:
    kept, refused = read_files(read_file, tmp_path, {"LICENSE": MIT, "a.c": "int x;", "REUSE.toml": "[[annotations"})

    assert kept == {}
    assert "REUSE.toml: unknown" in refused["r/a.c"]


def test_debians_copyright_file_counts_beside_the_licence(tmp_path: Path, read_file: ReadFile) -> None:
    copyright_file = "Format: x\n\nFiles: *\nLicense: Expat\n\nFiles: src/*\nCopyright: x\nLicense: GPL-2+\n text\n"
    files = {"LICENSE": MIT, "a.c": "int x;", "src/b.c": "int x;", "debian/copyright": copyright_file}
    kept, refused = read_files(read_file, tmp_path, files)

    assert kept == {"a.c": "MIT"}
    assert "debian/copyright" in refused["r/src/b.c"]


def write_links(path: Path, links: Mapping[str, str], files: Mapping[str, str], kind: bytes = tarfile.SYMTYPE) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(f"r/{name}")
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
        for name, target in links.items():
            info = tarfile.TarInfo(f"r/{name}")
            info.type, info.linkname = kind, target
            archive.addfile(info)
    return path


@pytest.mark.parametrize(
    ("links", "reason"),
    [
        ({"LICENSE": "docs/legal.txt"}, ""),
        ({"LICENSE": "./docs/../docs/legal.txt"}, ""),
        ({"LICENSE": "COPYING", "COPYING": "docs/legal.txt"}, ""),
        ({"LICENSE": "current/legal.txt", "current": "docs"}, ""),
        ({"LICENSE": "/usr/share/common-licenses/GPL-2"}, "common-licenses/GPL-2, which is outside the archive"),
        ({"LICENSE": "../../LICENSE"}, "which is outside the archive"),
        ({"LICENSE": "gone.txt"}, "is a link to r/gone.txt, which is not in the archive"),
        ({"LICENSE": "COPYING", "COPYING": "LICENSE"}, "which goes in a circle"),
        ({"LICENSE": "docs"}, "which is not in the archive"),
    ],
)
def test_links(tmp_path: Path, read_file: ReadFile, links: dict[str, str], reason: str) -> None:
    path = write_links(tmp_path / "a.tar.gz", links, {"docs/legal.txt": MIT, "a.py": "x = 1"})
    kept, refused = outcome(read_file, path)

    assert kept == ({} if reason else {"a.py": "MIT"})
    assert len(refused) == bool(reason)
    assert reason in "".join(refused.values())


def test_a_licence_that_is_a_hard_link_or_a_link_in_a_zip(tmp_path: Path, read_file: ReadFile) -> None:
    files = {"docs/legal.txt": MIT, "a.py": "x = 1"}
    hard = write_links(tmp_path / "a.tar.gz", {"LICENSE": "r/docs/legal.txt"}, files, tarfile.LNKTYPE)
    soft = write_zip(tmp_path / "b.zip", {f"r/{name}": text.encode() for name, text in files.items()})
    with zipfile.ZipFile(soft, "a") as archive:
        info = zipfile.ZipInfo("r/LICENSE")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "docs/legal.txt")

    assert outcome(read_file, hard)[0] == {"a.py": "MIT"}
    assert outcome(read_file, soft)[0] == {"a.py": "MIT"}


def test_the_path_of_a_licence_in_place_of_a_link(tmp_path: Path, read_file: ReadFile) -> None:
    files = {"LICENSE": "docs/legal.txt\n", "docs/legal.txt": MIT, "a.py": "x = 1"}

    assert read_files(read_file, tmp_path, files)[0] == {"a.py": "MIT"}
    assert read_files(read_file, tmp_path, {**files, "docs/legal.txt": GPL})[0] == {}


def test_a_link_in_a_subfolder_holds_there(tmp_path: Path, read_file: ReadFile) -> None:
    files = {"LICENSE": MIT, "COPYING.GPL": "", "legal/gpl.txt": GPL, "sub/b.py": "x = 1", "a.py": "x = 1"}
    kept, refused = outcome(read_file, write_links(tmp_path / "a.tar.gz", {"sub/LICENSE": "../legal/gpl.txt"}, files))

    assert kept == {"a.py": "MIT"}
    assert "sub/LICENSE -> r/legal/gpl.txt: GPL-2.0" in refused["r/sub/b.py"]


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (
            {"LICENSE": MIT, "Cargo.toml": '[package]\nlicense-file = "docs/x.txt"', "docs/x.txt": GPL},
            ("GPL-2.0", "MIT", "unknown"),
        ),
        ({"LICENSE": MIT, "Cargo.toml": '[package]\nlicense-file = "docs/x.txt"'}, ("MIT", "unknown")),
        ({"Cargo.toml": '[package]\nlicense.workspace = true\n[workspace.package]\nlicense = "MIT"'}, ("MIT",)),
        ({"LICENSE.md": MIT, "package.json": '{"license": "SEE LICENSE IN LICENSE"}'}, ("MIT",)),
        ({"package.json": '{"license": "SEE LICENSE IN docs/x", }', "docs/x": MIT}, ("MIT",)),
        (
            {"setup.cfg": "[metadata]\nlicense = BSD (3-clause)\nlicense_files = LICENSE\n", "LICENSE": MIT},
            ("BSD-3-Clause", "MIT"),
        ),
        ({"setup.cfg": "[metadata]\nlicense = file: LICENSE\n", "LICENSE": MIT}, ("MIT",)),
        (
            {"setup.cfg": "[metadata]\nclassifiers =\n  License :: OSI Approved :: MIT License\n  Topic :: X\n"},
            ("MIT",),
        ),
        ({"pkg-1.dist-info/METADATA": "License-Expression: MIT\n", "pkg/a.py": ""}, ("MIT",)),
        ({"pkg-1.dist-info/licenses/LICENSE": MIT}, ("MIT",)),
        ({"x.podspec": "s.license = { :type => 'MIT', :file => 'LICENSE' }", "LICENSE": MIT}, ("MIT",)),
        ({"x.gemspec": 's.licenses = ["MIT", "GPL-2.0"]'}, ("GPL-2.0", "MIT")),
        ({"x.nuspec": '<license type="expression">MIT</license>'}, ("MIT",)),
        ({"x.cabal": "license:      BSD3\nlicense-file: LICENSE\n", "LICENSE": MIT}, ("BSD-3-Clause", "MIT")),
        ({"DESCRIPTION": "License: MIT + file LICENSE\n", "LICENSE": "YEAR: 2020\nCOPYRIGHT HOLDER: x"}, ("MIT",)),
        ({"mix.exs": 'package: [licenses: ["Apache-2.0"]]'}, ("Apache-2.0",)),
        ({"composer.json": '{"license": ["MIT", "GPL-2.0-or-later"]}'}, ("GPL-2.0", "MIT")),
        (
            {"pom.xml": "<!-- <license><name>MIT</name></license> --><license><url>u</url><name>GPL</name></license>"},
            ("unknown",),
        ),
        ({"pyproject.toml": 'license = "GPL-2.0"\n[project', "LICENSE": MIT}, ("GPL-2.0", "MIT")),
        ({"LICENSE": "see https://example.org", "COPYING": MIT}, ("MIT",)),
        ({"LICENSE (MIT).txt": MIT, "COPYING3": GPL}, ("GPL-2.0", "MIT", "unknown")),
        ({"licenses/foo.txt": GPL, "LICENSE": MIT}, ("GPL-2.0", "MIT", "unknown")),
    ],
)
def test_metadata_and_names(files: dict[str, str], found: tuple[str, ...]) -> None:
    assert judge_files(files).licences == found


def test_too_many_statements_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository_licences, "_MOST_STATEMENTS", 5)
    gathered = RepositoryLicences()
    for number in range(7):
        gathered.add(f"a/{number}/LICENSE", MIT.encode())
    gathered.finish("a")

    assert gathered.of_repository().licences == ("unknown",)
    assert gathered.of_file("a/1/x.py", "").evidence == "more than 5 files that may name licences"
