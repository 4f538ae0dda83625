"""The texts behave as real ones do: under extraction, rules, deduplication, and by their statistics."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from massivetext import demo, rules, signals
from massivetext.demo import pages, prose, vocabulary
from massivetext.demo.chance import Chance
from massivetext.extract import extract
from massivetext.extract.extractors import ExtractorName
from massivetext.recipe import KINDS, IngestOptions, KindName, SourceOptions
from massivetext.schema import Document
from massivetext.shingles import shingle_hashes
from massivetext.signals import registry
from massivetext.sources.reading import read_split
from massivetext.sources.splits import plan_shards

_INPUTS: dict[KindName, tuple[str, ...]] = {
    "web": ("web/*.gz",),
    "books": ("books/*.txt",),
    "news": ("news/*.gz",),
    "code": ("code/*",),
    "wikipedia": ("wikipedia/*",),
}


class Texts(NamedTuple):
    """Documents with the rules that they fail, planted (by case) and not."""

    planted: list[tuple[demo.Case, Document, set[str]]]
    others: dict[KindName, list[tuple[Document, set[str]]]]


def read(corpus: Path, kind: KindName) -> list[tuple[Document, set[str]]]:
    options = SourceOptions(kind=kind, inputs=_INPUTS[kind], weight=Decimal(1))
    shards = plan_shards(options.inputs, str(corpus), options.shard_bytes, divisible=True)
    read = [item for shard in shards for split in shard for item in read_split(split, options, IngestOptions())]
    documents = [item for item in read if isinstance(item, Document)]
    wanted = rules.combine_rule_sets(
        [rules.load_rule_set(name, known=registry.types()) for name in KINDS[kind].rule_sets]
    )
    _, failed = rules.judge_documents(signals.measure([document.text for document in documents]), wanted)
    names = [{rule.label for bit, rule in enumerate(wanted) if int(bits) >> bit & 1} for bits in failed]
    return list(zip(documents, names, strict=True))


@pytest.fixture(scope="module")
def texts(corpus: Path, truth: demo.Truth) -> Texts:
    found = {kind: read(corpus, kind) for kind in _INPUTS}
    at: dict[tuple[str, str, str | None], tuple[Document, set[str]]] = {}
    for kind, pairs in found.items():
        at.update(((kind, d.origin, None if kind == "books" else d.key), (d, failed)) for d, failed in pairs)
    planted = [
        (case, *at[place.source, place.origin, place.key])
        for case in truth.cases
        if case.outcome not in ("unreadable", "skipped") and (place := case.place)
    ]
    taken = {id(document) for _, document, _ in planted} | unreadable(truth, found["web"])
    others = {kind: [pair for pair in pairs if id(pair[0]) not in taken] for kind, pairs in found.items()}
    return Texts(planted, others)


def unreadable(truth: demo.Truth, pages_read: Sequence[tuple[Document, set[str]]]) -> set[int]:
    """Pages that a reader took although they are damaged; whether it may is not the demo's business."""
    urls = {case.place.url for case in truth.cases if case.outcome == "unreadable"}
    return {id(document) for document, _ in pages_read if document.url in urls}


@pytest.mark.parametrize("design", pages.DESIGNS)
@pytest.mark.parametrize("extractor", ["salient", "trafilatura"])
def test_an_extractor_finds_the_main_text_and_nothing_else(design: str, extractor: ExtractorName) -> None:
    topics = tuple(vocabulary.topics())
    for number in range(12):
        chance = Chance("pages", design, number)
        article = prose.article(chance, topics[number], 140 + 30 * number)
        page = pages.page(article, chance.pick(pages.sites(1, design)), chance, number)
        text = extract(page.content.decode(), page.url, extractor, "drop").text

        assert [block.text for block in article.blocks if block.text not in text] == []
        assert len(text.split()) < prose.word_count(article.blocks) + 40
        assert not any(
            word in text for word in ("ookie", "Subscribe", "Register", "basket", "Most read", "rights reserved")
        )


def test_ordinary_documents_pass_the_rules(texts: Texts) -> None:
    for pairs in texts.others.values():
        failing = [failed for _, failed in pairs if failed]
        assert len(failing) <= 0.03 * len(pairs), Counter(name for failed in failing for name in failed)


def test_ordinary_news_and_wikipedia_pass_the_rules_for_web_pages_too(texts: Texts) -> None:
    gopher = rules.combine_rule_sets([rules.load_rule_set("gopher", known=registry.types())])
    for kind in ("news", "wikipedia"):
        measured = signals.measure([document.text for document, _ in texts.others[kind]])
        kept, _ = rules.judge_documents(measured, gopher)
        assert kept.mean() >= 0.97


def test_planted_documents_fail_the_rules_they_are_made_for_and_no_others_fail(texts: Texts) -> None:
    wrong = [
        (case.id, failed)
        for case, _, failed in texts.planted
        if (not failed & set(case.rules) if case.outcome == "rules" else failed)
    ]

    assert wrong == []


def test_copies_are_as_alike_after_reading_as_they_were_made(texts: Texts) -> None:
    groups: dict[str, list[tuple[demo.Case, Document]]] = defaultdict(list)
    for case, document, _ in texts.planted:
        if case.group is not None:
            groups[case.group].append((case, document))
    for group in groups.values():
        sets = [set(shingle_hashes(document.text).tolist()) for _, document in group]
        wanted = min(case.similarity or 0.0 for case, _ in group)
        measured = min(len(sets[0] & other) / len(sets[0] | other) for other in sets[1:])

        assert measured == pytest.approx(wanted, abs=0.03)
        if group[0][0].duplicate == "exact":
            assert len({document.text for _, document in group}) == 1


def test_unplanted_documents_have_little_in_common(texts: Texts) -> None:
    sizes: list[int] = []
    holders: dict[int, list[int]] = defaultdict(list)
    for pairs in texts.others.values():
        for document, _ in pairs:
            for value in (hashes := shingle_hashes(document.text).tolist()):
                holders[value].append(len(sizes))
            sizes.append(len(hashes))
    shared: Counter[tuple[int, int]] = Counter()
    for numbers in holders.values():
        shared.update((one, other) for at, other in enumerate(numbers) for one in numbers[:at])
    highest = max(n / (sizes[one] + sizes[other] - n) for (one, other), n in shared.items())

    assert len(sizes) > 2_300
    assert highest < 0.3


def test_words_are_many_and_as_unequal_as_in_a_language(texts: Texts) -> None:
    words = Counter(
        word
        for kind, pairs in texts.others.items()
        if kind != "code"
        for document, _ in pairs
        for raw in document.text.split()
        if (word := raw.strip(".,;:?!\"'“”()[]").lower())
    )
    ranked = [count for _, count in words.most_common()]
    total = sum(ranked)
    # Zipf: the count falls about as 1 / rank; the slope between ranks 10 and 5,000 in logarithms lies near -1.
    slope = math.log(ranked[4_999] / ranked[9]) / math.log(5_000 / 10)

    assert len(words) >= 12_000
    assert 0.04 < ranked[0] / total < 0.12
    assert -1.4 < slope < -0.7
    assert [word for word, _ in words.most_common(3)] == ["the", "a", "and"]


def test_some_texts_have_typographic_quotation_marks(texts: Texts) -> None:
    curly = sum("“" in document.text for document, _ in texts.others["web"])

    assert 0.1 < curly / len(texts.others["web"]) < 0.4
