import io
import json
import tarfile
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import licence_text, write_zip

from massivetext.recipe import IngestOptions
from massivetext.schema import Document, Rejected

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]

MIT = licence_text("MIT")
FILES = {
    "repo-1/LICENSE": MIT.encode(),
    "repo-1/src/main.py": b"def f():\r\n    return 1\r\n",
    "repo-1/Makefile": b"all:\n\tcc x.c\n",
    "repo-1/vendor/x.go": b"package x",
    "repo-1/web/node_modules/y.js": b"y",
    "repo-1/web/app.min.js": b"z",
    "repo-1/go.sum": b"sum",
    "repo-1/package-lock.json": b"{}",
    "repo-1/logo.png": b"\x89PNG",
    "repo-1/latin.c": "/* é */".encode("latin-1"),
    "repo-1/empty.py": b" \n",
}


def write_tar(path: Path, files: dict[str, bytes], mode: str) -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        link = tarfile.TarInfo("repo-1/link.py")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def assert_expected(documents: list[Document], rejected: list[Rejected]) -> None:
    assert [(d.key, d.text, dict(d.metadata)) for d in documents] == [
        (
            "repo-1/src/main.py",
            "def f():\n    return 1",
            {"path": "src/main.py", "language": "Python", "licence": "MIT", "licence_evidence": "LICENSE: MIT"},
        ),
        (
            "repo-1/Makefile",
            "all:\n\tcc x.c",
            {"path": "Makefile", "language": "Makefile", "licence": "MIT", "licence_evidence": "LICENSE: MIT"},
        ),
        (
            "repo-1/latin.c",
            "/* é */",
            {"path": "latin.c", "language": "C", "licence": "MIT", "licence_evidence": "LICENSE: MIT"},
        ),
    ]
    assert [(r.offset.partition("/")[2], r.reason, r.skipped) for r in rejected] == [
        ("LICENSE", "not_source_code", True),
        ("vendor/x.go", "vendored", True),
        ("web/node_modules/y.js", "vendored", True),
        ("web/app.min.js", "minified", True),
        ("go.sum", "lock_file", True),
        ("package-lock.json", "lock_file", True),
        ("logo.png", "not_source_code", True),
        ("empty.py", "empty_file", True),
    ]


def test_a_zip_is_a_repository(tmp_path: Path, read_file: ReadFile) -> None:
    assert_expected(*read_file("code", write_zip(tmp_path / "a", FILES)))


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_so_is_a_tar_whatever_its_compression(tmp_path: Path, read_file: ReadFile, mode: str) -> None:
    assert_expected(*read_file("code", write_tar(tmp_path / "a", FILES, mode)))


def test_a_repository_under_another_licence_is_skipped_whole(tmp_path: Path, read_file: ReadFile) -> None:
    path = write_zip(
        tmp_path / "a.zip", {**FILES, "repo-1/COPYING": b"GNU GENERAL PUBLIC LICENSE Version 2, June 1991"}
    )
    documents, rejected = read_file("code", path)

    assert documents == []
    assert [(r.reason, r.length, r.skipped) for r in rejected] == [("licence", path.stat().st_size, True)]
    assert "GPL-2.0, MIT, unknown; not accepted: GPL-2.0, unknown" in rejected[0].detail
    assert len(read_file("code", path, licences=("MIT", "GPL-2.0"))[0]) == 0


@pytest.mark.parametrize(
    ("files", "licence"),
    [
        ({"a/main.py": b"x"}, "unknown"),
        ({"a/main.py": b"x", "a/sub/LICENSE": MIT.encode()}, "unknown"),  # not of the whole
        ({"main.py": b"x", "LICENSE": MIT.encode()}, "MIT"),
        ({"main.py": b"x", "a/LICENSE": MIT.encode()}, "unknown"),
        ({"./a/main.py": b"x", "./a/LICENSE": MIT.encode()}, "MIT"),
    ],
)
def test_the_licence_lies_at_the_top(
    tmp_path: Path, read_file: ReadFile, files: dict[str, bytes], licence: str
) -> None:
    documents, rejected = read_file("code", write_zip(tmp_path / "a", files))

    assert [d.metadata["licence"] for d in documents] == ([licence] if licence == "MIT" else [])
    assert [r.reason for r in rejected] == (["not_source_code"] if licence == "MIT" else ["licence"])


def test_the_parts_of_an_archive_are_the_archive(tmp_path: Path, read_file: ReadFile) -> None:
    path = write_tar(tmp_path / "a", FILES, "w:gz")
    whole = read_file("code", path)
    slices = [read_file("code", path, slice_index=index, slice_count=3) for index in range(3)]

    assert sorted(d.key for piece in slices for d in piece[0]) == sorted(d.key for d in whole[0])
    assert sorted(r for piece in slices for r in piece[1]) == sorted(whole[1])


def test_two_members_of_one_name_have_two_keys(tmp_path: Path, read_file: ReadFile) -> None:
    with zipfile.ZipFile(tmp_path / "a", "w") as archive:
        archive.writestr("LICENSE", MIT)
        archive.writestr("a.py", "one")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.py", "two")
    documents, _ = read_file("code", tmp_path / "a")

    assert [(d.key, d.text) for d in documents] == [("a.py", "one"), ("a.py#2", "two")]


def test_a_bomb_is_read_to_the_limit_only(tmp_path: Path, read_file: ReadFile) -> None:
    path = write_zip(tmp_path / "a", {"LICENSE": MIT.encode(), "bomb.py": b"\x00" * 30_000_000, "a.py": b"x" * 1000})
    documents, rejected = read_file("code", path, limits=IngestOptions(max_record_bytes=1000))

    assert [d.key for d in documents] == ["a.py"]
    assert [(r.offset, r.reason) for r in rejected] == [("LICENSE", "not_source_code"), ("bomb.py", "record_too_large")]


def test_a_damaged_member_costs_itself_and_a_damaged_archive_is_told(tmp_path: Path, read_file: ReadFile) -> None:
    path = write_zip(tmp_path / "a", {"LICENSE": MIT.encode(), "a.py": b"print(1)" * 50, "b.py": b"print(2)"})
    data = bytearray(path.read_bytes())
    start = data.index(b"a.py") + 4
    data[start : start + 8] = b"\xff" * 8
    path.write_bytes(data)
    documents, rejected = read_file("code", path)

    assert [d.key for d in documents] == ["b.py"]
    assert [(r.offset, r.reason) for r in rejected if not r.skipped] == [("a.py", "damaged")]

    path.write_bytes(data[: len(data) // 2])
    assert [r.reason for r in read_file("code", path)[1]] == ["damaged"]
    whole = write_tar(tmp_path / "b", FILES, "w:gz").read_bytes()
    (tmp_path / "b").write_bytes(whole[: len(whole) // 2])
    assert [r.reason for r in read_file("code", tmp_path / "b")[1]] == ["damaged"]


def test_json_lines_carry_their_own_licence(tmp_path: Path, read_file: ReadFile) -> None:
    records = [
        {"text": "x = 1", "path": "a/x.py", "license": "MIT", "stars": 5},
        {"text": "y = 1", "path": "a/y.py", "license": ["MIT", "GPL-3.0-only"]},
        {"text": "z = 1", "path": "a/z.py"},
        {"text": "v = 1", "path": "vendor/v.py", "license": "mit"},
        {"text": None, "license": "ISC"},
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(record) for record in records))
    documents, rejected = read_file("code", tmp_path / "a.jsonl")

    assert [(d.key, d.text) for d in documents] == [("0", "x = 1")]
    assert dict(documents[0].metadata) == {
        "licence": "MIT",
        "licence_evidence": "field license: MIT",
        "language": "Python",
        "path": "a/x.py",
        "license": "MIT",
        "stars": "5",
    }
    assert [(r.offset, r.reason) for r in rejected] == [
        ("1", "licence"),
        ("2", "licence"),
        ("3", "vendored"),
        ("4", "no_text"),
    ]


def test_any_other_file_is_the_wrong_format(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "main.py").write_text("x = 1")
    documents, rejected = read_file("code", tmp_path / "main.py")

    assert documents == []
    assert [r.reason for r in rejected] == ["wrong_format"]


def test_real_archives(shared_data: Path, read_file: ReadFile) -> None:
    languages: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    for path in sorted((shared_data / "code").iterdir()):
        documents, rejected = read_file("code", path)
        languages.update(d.metadata["language"] for d in documents)
        skipped.update(r.reason for r in rejected)
        assert all(r.skipped for r in rejected)
        assert len({d.key for d in documents}) == len(documents)

    assert skipped["licence"] == 7  # jq names CC BY and others beside MIT
    assert skipped["file_licence"] == 1  # of the contrib folder of rack, which is under CC BY-NC-SA
    assert skipped["generated"] == 3
    assert sum(languages.values()) == 2407
    assert languages["Python"] > 1100
    assert {"Go", "JavaScript", "TypeScript", "Ruby", "R", "C", "Shell"} <= set(languages)


def test_a_file_under_another_licence_is_judged_by_itself(tmp_path: Path, read_file: ReadFile) -> None:
    files = {
        "LICENSE": MIT.encode(),
        "a.py": b"# SPDX-License-Identifier: GPL-2.0-only\nx = 1",
        "b.py": b"# SPDX-License-Identifier: Apache-2.0\nx = 1",
        "c.py": b"x = 1",
    }
    documents, rejected = read_file("code", write_zip(tmp_path / "a", files))

    assert [(d.key, d.metadata["licence"]) for d in documents] == [("b.py", "Apache-2.0"), ("c.py", "MIT")]
    assert [(r.offset, r.reason) for r in rejected if "licence" in r.reason] == [("a.py", "file_licence")]
