import tarfile
import zipfile
from pathlib import Path

import pytest
from builders import licence_text

from massivetext.sources.licensing import licences
from massivetext.sources.licensing.licence_statements import is_licence_file
from massivetext.sources.licensing.repository_licences import judge_files

MIT = licence_text("MIT")
ISC = """Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby
granted, provided that the above copyright notice and this permission notice appear in all copies."""
BSD_2 = "Redistribution and use in source and binary forms, with or without modification, are permitted provided that"
BSD_3 = f"{BSD_2} ... Neither the name of X may be used to endorse or promote products derived from this software"
BSD_4 = f"{BSD_3}. All advertising materials mentioning features or use of this software must display"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ()),
        ("All rights reserved. Do what I say.", ()),
        (MIT, ("MIT",)),
        (MIT.partition("The above")[0], ("MIT-0",)),
        (ISC, ("ISC",)),
        (ISC.partition(", provided")[0], ("0BSD",)),
        (BSD_2, ("BSD-2-Clause",)),
        (BSD_3, ("BSD-3-Clause",)),
        (BSD_4, ("BSD-4-Clause",)),
        ("                Apache License\n           Version 2.0, January 2004", ("Apache-2.0",)),
        ("This is free and unencumbered software released into the public domain.", ("Unlicense",)),
        ("Creative Commons Legal Code\n\nCC0 1.0 Universal", ("CC0-1.0",)),
        ("The Artistic License 2.0", ("Artistic-2.0",)),
        (
            "GNU GENERAL PUBLIC LICENSE\n   Version 3, 29 June 2007\n ... GNU Affero General Public License",
            ("GPL-3.0",),
        ),
        ("GNU GENERAL PUBLIC LICENSE\n   Version 2, June 1991", ("GPL-2.0",)),
        ("under the terms of the GNU General Public License as published by", ("GPL",)),
        ("Mozilla Public License Version 2.0 ... the GNU General Public License, Version 2.0", ("MPL-2.0",)),
        ("3. Altered source versions must be plainly marked as such", ()),
        ("Altered source versions must be plainly marked as such, and", ("Zlib",)),
        (f"{MIT}\n\n{licence_text('BSD-3-Clause')}", ("BSD-3-Clause", "MIT")),
        ("// SPDX-License-Identifier: MIT OR Apache-2.0\n", ("Apache-2.0", "MIT")),
    ],
)
def test_texts(text: str, found: tuple[str, ...]) -> None:
    expected = ("Zlib",) if text.startswith("3. Altered") else found
    whole = MIT in text or "SPDX" in text or not expected  # the others are excerpts
    assert licences.licences_of_text(text) == (expected if whole else (*expected, "unknown"))


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("MIT", ("MIT",)),
        ("mit", ("MIT",)),
        ("MIT License", ("MIT",)),
        ("Apache 2.0", ("Apache-2.0",)),
        ("MIT OR Apache-2.0", ("Apache-2.0", "MIT")),
        ("MIT/Apache-2.0", ("Apache-2.0", "MIT")),
        ("(MIT AND BSD-3-Clause)", ("BSD-3-Clause", "MIT")),
        ("GPL-2.0-or-later", ("GPL-2.0",)),
        ("LGPL-2.1+", ("LGPL-2.1",)),
        ("BSD", ("unknown",)),  # which of them?
        ("my own", ("unknown",)),
    ],
)
def test_expressions(expression: str, found: tuple[str, ...]) -> None:
    assert licences.parse_spdx(expression) == found


@pytest.mark.parametrize(
    ("values", "found"),
    [([], ("unknown",)), ([None, ""], ("unknown",)), (["MIT", None], ("MIT",)), ([["MIT", "ISC"]], ("ISC", "MIT"))],
)
def test_values_of_a_record(values: list[object], found: tuple[str, ...]) -> None:
    assert licences.licences_of_values(values) == found


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({}, ("unknown",)),
        ({"LICENSE": MIT}, ("MIT",)),
        ({"LICENSE": MIT, "COPYING": "GNU GENERAL PUBLIC LICENSE Version 2, June 1991"}, ("GPL-2.0", "MIT", "unknown")),
        ({"LICENSE": MIT, "COPYING.md": "My own conditions are these: " + "no. " * 200}, ("MIT", "unknown")),
        ({"LICENSE.md": MIT, "LICENSE": "YEAR: 2023\nCOPYRIGHT HOLDER: dplyr authors"}, ("MIT",)),
        ({"LICENSE": "YEAR: 2023\nCOPYRIGHT HOLDER: dplyr authors"}, ("unknown",)),
        ({"package.json": '{"license": "ISC"}'}, ("ISC",)),
        ({"package.json": '{"license": {"type": "MIT"}}'}, ("MIT",)),
        ({"package.json": '{"license": "SEE LICENSE IN LICENSE"}', "LICENSE": MIT}, ("MIT",)),
        ({"package.json": '{"license": "UNLICENSED"}', "LICENSE": MIT}, ("MIT", "unknown")),
        ({"package.json": "[]"}, ("unknown",)),
        ({"package.json": "{"}, ("unknown",)),
        ({"pyproject.toml": '[project]\nlicense = "MIT"'}, ("MIT",)),
        ({"pyproject.toml": '[project]\nlicense = {text = "BSD-3-Clause"}'}, ("BSD-3-Clause",)),
        ({"pyproject.toml": '[project]\nlicense = {file = "LICENSE"}', "LICENSE": MIT}, ("MIT",)),
        ({"Cargo.toml": '[package]\nlicense = "MIT OR Apache-2.0"'}, ("Apache-2.0", "MIT")),
        ({"Cargo.toml": '[workspace.package]\nlicense = "GPL-3.0"'}, ("GPL-3.0",)),
        ({"Cargo.toml": "[package]\nlicense.workspace = true", "LICENSE": MIT}, ("MIT",)),
        ({"package.json": '{"licenses": [{"type": "MIT"}, {"type": "GPL-2.0"}]}'}, ("GPL-2.0", "MIT")),
        ({"composer.json": '{"license": ["MIT", "proprietary"]}'}, ("MIT", "unknown")),
        ({"setup.cfg": "[metadata]\nlicense = Apache 2.0"}, ("Apache-2.0",)),
        ({"setup.py": 'setup(\n    license="MIT",\n)'}, ("MIT",)),
        (
            {"setup.py": '["License :: OSI Approved :: GNU General Public License v3 (GPLv3)"]', "LICENSE": MIT},
            ("MIT", "unknown"),
        ),
        ({"setup.py": '["License :: OSI Approved :: BSD License"]', "LICENSE": MIT}, ("MIT",)),
        ({"pom.xml": "<licenses><license>\n<name>MIT License</name></license></licenses>"}, ("MIT",)),
        ({"x.gemspec": 's.license = "AGPL-3.0"', "LICENSE": MIT}, ("AGPL-3.0", "MIT")),
    ],
)
def test_repositories(files: dict[str, str], found: tuple[str, ...]) -> None:
    assert judge_files(files).licences == found


@pytest.mark.parametrize(
    ("name", "is_licence"),
    [
        ("LICENSE", True),
        ("LICENCE.txt", True),
        ("license.md", True),
        ("LICENSE-MIT", True),
        ("MIT-LICENSE", True),
        ("COPYING.LESSER", True),
        ("UNLICENSE", True),
        ("Cargo.toml", True),
        ("license.py", False),
        ("license_checker.go", False),
        ("README.md", False),
        ("relicensed", False),
    ],
)
def test_names_of_licence_files(name: str, is_licence: bool) -> None:
    assert is_licence_file(name) == is_licence


@pytest.mark.parametrize(
    ("archive", "found"),
    [
        ("TheAlgorithms_Python.zip", ("MIT",)),
        ("colinhacks_zod.zip", ("MIT",)),
        ("gin-gonic_gin.zip", ("MIT",)),
        ("rack_rack.zip", ("MIT",)),
        ("tidyverse_dplyr.zip", ("MIT",)),
        ("searxng_searxng.zip", ("AGPL-3.0", "unknown")),
        ("redis_redis.zip", ("RSAL-2.0", "SSPL-1.0", "unknown")),
        ("bash-5.2.15.tar.xz", ("GPL-3.0", "unknown")),
        ("zlib_1.2.13.dfsg.orig.tar.bz2", ("Zlib", "unknown")),
        ("torvalds_uemacs.zip", ("unknown",)),
    ],
)
def test_real_repositories(shared_data: Path, archive: str, found: tuple[str, ...]) -> None:
    path = shared_data / "code" / archive
    files = {}
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as opened:
            for name in opened.namelist():
                if name.count("/") == 1 and is_licence_file(name.partition("/")[2]):
                    files[name.partition("/")[2]] = opened.read(name).decode()
    else:
        with tarfile.open(path) as tar:
            for member in tar:
                if member.name.count("/") == 1 and is_licence_file(member.name.partition("/")[2]):
                    content = tar.extractfile(member)
                    assert content is not None
                    files[member.name.partition("/")[2]] = content.read().decode()

    assert judge_files(files).licences == found
