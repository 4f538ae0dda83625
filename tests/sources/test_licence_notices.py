import time

import pytest
from builders import licence_text

from massivetext.sources.licensing.licence_notices import first_comment, judge_header, judge_readme

MIT = licence_text("MIT")
APACHE_NOTICE = """Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software distributed under the License is distributed on an
"AS IS" BASIS, WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
language governing permissions and limitations under the License."""
GPL_NOTICE = (
    "This program is free software; you can redistribute it and/or modify it under the terms of the GNU General Public"
    " License as published by the Free Software Foundation; either version 2 of the License, or any later version."
)


def comment(text: str, mark: str = "# ") -> str:
    return "\n".join(mark + line for line in text.splitlines()) + "\nimport os\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import os\n", ()),
        ("# Copyright 2020 Ann Lee\nx = 1", ()),
        ("# Use of this source code is governed by a BSD-style license that can be found in the LICENSE file.\nx", ()),
        ("# See LICENSE for license details.\nx", ()),
        ("# Licensed under the terms of the license in the root folder.\nx", ()),
        ("x = 1\ny = 2\nz = 3\nw = 4\n# Licensed under the GPL\n", ()),
        (comment(MIT), ("MIT",)),
        (comment(f"Sorts lists of numbers.\n\n{MIT}"), ("MIT",)),
        (f"/*\n{MIT}\n*/\nint x;", ("MIT",)),
        (f'#!/usr/bin/python\n"""\n{MIT}\n"""\nx', ("MIT",)),
        (f"<?php\n/**\n * {MIT.replace(chr(10), chr(10) + ' * ')}\n */", ("MIT",)),
        ("// Licensed under the MIT license found in the LICENSE file.\nx", ("MIT",)),
        ("# Licensed under the Apache License, Version 2.0\nx", ("Apache-2.0",)),
        ("/* Dual licensed under the MIT or GPL Version 2 licenses. */\nx", ("MIT", "unknown")),
        ("// colResizable - by A. Lee - MIT & GPL\nx", ("unknown",)),
        (comment(GPL_NOTICE), ("GPL",)),
        (comment(f"{MIT}\nNot for commercial use."), ("MIT", "unknown")),
        (comment(f"{MIT}\nThe Software may only be used with Acme hardware."), ("MIT", "unknown")),
        (comment(MIT.replace("without restriction", "for research")), ("MIT", "unknown")),
        ("# Copyright Acme. Confidential and proprietary. Do not distribute.\nx", ("unknown",)),
        ("# Copyright Acme. License: for academic use only.\nx", ("unknown",)),
        ("# This file is licensed under the Mozilla Public License 1.1.\nx", ("unknown",)),
        ('__license__ = "GPL-3.0"\n', ("GPL-3.0",)),
        ("/** @license MIT */\nx", ("MIT",)),
        (f'{comment(APACHE_NOTICE)[:-10]}\n"""For internal use only."""\nx', ("Apache-2.0",)),
        ("# SPDX-License-Identifier: LicenseRef-Proprietary\nx", ("unknown",)),
        ("# Not to be used for training of AI.\nx", ("unknown",)),
        ("// This file must not be used to train language models.\nx", ("unknown",)),
        ("/* You may not use this code for machine learning. */\nx", ("unknown",)),
        ("# No AI training.\nx", ("unknown",)),
        ("# Do not use this for training LLMs.\nx", ("unknown",)),
        ("# Trains a model. The validation set is not used for training.\nx", ()),
        ("# Weights that are frozen must not be updated in training.\nx", ()),
        ("# Training of AI models: a small library, no dependencies.\nx", ()),
        ("-- License: free for personal and commercial use under the MIT License.\nx", ("MIT",)),
    ],
)
def test_headers(text: str, found: tuple[str, ...]) -> None:
    assert judge_header(text).licences == found


def test_the_reason_names_the_words() -> None:
    assert judge_header("# (c) Acme, license: academic use only\n").reason == 'its header says "academic use only"'


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("// a\n// b\nint x; // c", "a\nb"),
        ("package x\n\n/* a\n * b\n */\nfunc y()", "a\nb"),
        ("--[[ a\nb ]]\nlocal x", "[[ a\nb ]]"),
        ("int a;\nint b;\nint c;\nint d;\n// e", ""),
        ("/* a */ int x;\n/* b */", "a */ int x;\nb"),
    ],
)
def test_the_first_comment(text: str, found: str) -> None:
    assert first_comment(text) == found


@pytest.mark.parametrize(
    ("text", "restricted"),
    [
        ("# Foo\n\n## License\n\nMIT", False),
        ("# Foo\nNot for commercial use: the logo.\n## License\nMIT", False),
        ("# Foo\n## License\nMIT, but commercial use requires a paid licence.\n", True),
        ("Foo\n===\n\nLicence\n-------\n\nFor non-commercial use.\n", True),
        ("## License\nMIT, with the Commons Clause.\n## More\n", True),
    ],
)
def test_readme(text: str, restricted: bool) -> None:
    assert judge_readme(text).licences == (("unknown",) if restricted else ())


@pytest.mark.parametrize(
    "words", ["personal, ", "not commercial use ", "licensed under ", "copy without ", "license ", "# license\n==="]
)
def test_a_long_text_of_such_words_takes_no_long(words: str) -> None:
    began = time.process_time()
    judge_readme("# License\n" + words * 20_000)
    judge_header("# " + words * 20_000)

    assert time.process_time() - began < 5
