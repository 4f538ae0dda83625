"""The code source: archives of repositories with several licences, and with none."""

import string
import textwrap
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from massivetext.demo import pages, planted_leaks, source_files, vocabulary
from massivetext.demo.archive_files import tar_gz_archive, zip_archive
from massivetext.demo.bench import DemoItem
from massivetext.demo.chance import Chance
from massivetext.demo.prose import Writer
from massivetext.demo.source_files import LANGUAGES, Language
from massivetext.demo.truth import Built, Draft, PlantedLocation

LEAKS = {"leak_embedded": 5}
_EACH = 5  # repositories per licence
# SPDX id of the licence, name of its file, and whether it is on the list of Rae et al. 2021, A.1.1.
_LICENCES = (
    ("MIT", "LICENSE", True),
    ("BSD-3-Clause", "LICENSE.txt", True),
    ("Apache-2.0", "LICENSE", True),
    ("GPL-3.0-or-later", "COPYING", False),
    ("", "", False),
)
_MODULES = 6
_PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x08\x00\x00\x00\x08\x08\x00\x00\x00\x00"


class Repository(NamedTuple):
    """An invented repository: name, SPDX id of its licence ("" for none), language, and source texts by path."""

    name: str
    licence: str
    language: Language
    sources: dict[str, str]


def build(seed: int, items: Sequence[DemoItem]) -> Built:
    """Return the files of the source.

    Args:
        seed: seed of the corpus.
        items: test items to plant, as many as :data:`LEAKS` counts in all.
    """
    files: dict[str, bytes] = {}
    planted: list[tuple[Draft, PlantedLocation]] = []
    rest = list(items)
    documents = 0
    for number in range(_EACH * len(_LICENCES)):
        licence, file_name, accepted = _LICENCES[number % len(_LICENCES)]
        chance = Chance(seed, "code", number)
        made = _repository(chance, licence, LANGUAGES[number % len(LANGUAGES)])
        archive = f"{made.name}.zip" if number % 2 == 0 else f"{made.name}.tar.gz"
        first, *_, last = made.sources
        if accepted and rest:
            leak = _plant(made, first, rest.pop())
            planted.append((leak, PlantedLocation(source="code", origin=archive, key=f"{made.name}/{first}")))
        key = f"{made.name}/{last}" if accepted else None
        planted.append((_draft(licence, accepted), PlantedLocation(source="code", origin=archive, key=key)))
        members = sorted(_members(made, file_name, chance))
        files[archive] = zip_archive(members) if archive.endswith(".zip") else tar_gz_archive(members)
        documents += len(made.sources) if accepted else 0
    planted.sort(key=lambda pair: (pair[0].kind, pair[1].origin))
    return Built(files, planted, documents)


def _repository(chance: Chance, licence: str, language: Language) -> Repository:
    topic = chance.pick(tuple(vocabulary.topics()))
    writer = Writer(chance, topic)
    package, *modules = chance.some(source_files.topic_names(writer.speaker.topic), _MODULES + 1)
    tag = f"{language.comment} SPDX-License-Identifier: {licence}\n" if licence and chance.share(0.5) else ""
    sources: dict[str, str] = {}
    taken: set[str] = set()
    for name in modules:
        sources |= source_files.module(chance, language, package, name, notice=tag, taken=taken)
    name = f"{pages.slug(writer.speaker.place())}-{package}-{chance.between(1, 4)}.{chance.below(20)}.{chance.below(9)}"
    return Repository(name, licence, language, sources)


def _members(made: Repository, file_name: str, chance: Chance) -> Iterator[tuple[str, bytes]]:
    writer = Writer(chance, "computing")
    yield f"{made.name}/README.md", f"# {made.name}\n\n{writer.paragraph(4, first=True)}\n".encode()
    yield f"{made.name}/docs/logo.png", _PNG
    yield f"{made.name}/.gitignore", b"build/\n*.tmp\n"
    if made.licence:
        yield f"{made.name}/{file_name}", _licence(made.licence, writer).encode()
    for path, text in made.sources.items():
        yield f"{made.name}/{path}", text.encode()


def _licence(licence: str, writer: Writer) -> str:
    person = writer.speaker.new_person()
    template = string.Template(vocabulary.read_data_file(f"licences/{licence}.txt"))
    return template.substitute(year=writer.chance.between(2008, 2023), holder=f"{person.first} {person.last}")


def _draft(licence: str, accepted: bool) -> Draft:
    if accepted:
        return Draft(f"licence_{licence.lower()}", "kept")
    return Draft(f"licence_{licence.lower()}" if licence else "no_licence", "skipped")


def _plant(made: Repository, path: str, item: DemoItem) -> Draft:
    """Add an item to a source file as a comment, and return its case."""
    text = made.sources[path]
    mark = f"{made.language.comment} "
    lines = textwrap.wrap(f"{item.passage} {item.question}", 88)
    leaky = text + "\n" + "".join(f"{mark}{line}\n" for line in lines)
    made.sources[path] = leaky
    return planted_leaks.case("leak_embedded", item, leaky)
