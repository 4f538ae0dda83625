"""Statements outside of licence files that limit the use of a repository."""

import pytest
from builders import licence_text

from massivetext.sources.licensing.repository_licences import judge_files


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("README.md", "# Tool\n\nThis tool is free for academic use only. Ask us for others.\n", ("MIT", "unknown")),
        ("README.md", "# Tool\n\nThe code may be used for non-commercial purposes only.\n", ("MIT", "unknown")),
        ("NOTICE", "This software is provided for research purposes only.\n", ("MIT", "unknown")),
        ("TERMS.md", "You may not use it to compete with us.\n", ("MIT", "unknown")),
        ("README.md", "# Tool\n\nIt is free for academic and commercial use. Only tabs are used.\n", ("MIT",)),
        ("NOTICE", "Tool\nCopyright 2020 A. Writer\n", ("MIT",)),
        ("README.rst", "Tool\n====\n\nLicense\n-------\n\nGPLv3\n", ("MIT", "unknown")),
        (
            "README.md",
            "# Tool\n\n## Licence\n\nReleased under the [GNU GPL](COPYING), version 3.\n",
            ("MIT", "unknown"),
        ),
        ("README.md", "# Tool\n\n## License\n\nCC BY-NC-SA 4.0\n", ("MIT", "unknown")),
        ("README.md", "# Tool\n\n## License\n\nMIT. The icons are CC BY 4.0.\n", ("MIT",)),
        ("README.md", "# Tool\n\n## License\n\nMIT or GPL-2.0, at your option.\n", ("MIT",)),
        ("README.md", "# Tool\n\nIt checks GPL headers.\n\n## License\n\nSee LICENSE.\n", ("MIT",)),
    ],
)
def test_a_limit_of_use_makes_the_licence_unknown(name: str, text: str, expected: tuple[str, ...]) -> None:
    verdict = judge_files({"LICENSE": licence_text("MIT"), name: text})

    assert verdict.licences == expected
