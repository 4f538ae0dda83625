"""The items of test sets, read from their files."""

import functools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from types import MappingProxyType

import msgspec

from massivetext import text as texts
from massivetext.decontaminate.test_set_rows import (
    COMPRESSED,
    TABLE_SUFFIXES,
    plain_path,
    read_rows,
    read_text,
    suffix_of,
)
from massivetext.errors import UserError

# WikiText was made with the Moses tokenizer. It writes "well @-@ known", "1 @,@ 000", "Teddy 's", "don 't", "$ 5",
# "and / or" and "2000 – 05".
_UNDONE = (
    (re.compile(r" @([^\s@]+)@ "), r"\1"),
    (re.compile(r" '(s|t|ve|re|m|ll|d)\b"), r"'\1"),
    (re.compile(r"([$£€¥]) (?=\d)"), r"\1"),
    (re.compile(r"(?<=\S) / (?=\S)"), "/"),
    (re.compile(r"(?<=\d) – (?=\d)"), "–"),
)
# A heading is between blank lines, unlike a formula that begins and ends with "="; a title has one "=" on each side.
_BEFORE, _AFTER = r"(?P<before>\A|^[ \t]*\n)[ \t]*", r"[ \t]*(?=\n[ \t]*(?:\n|\Z)|\Z)"
_ARTICLE = re.compile(rf"{_BEFORE}= (?P<title>[^=\s](?:[^=\n]*[^=\s])?) ={_AFTER}", re.MULTILINE)
_HEADING = re.compile(rf"{_BEFORE}(?P<marks>=(?: =)*) (?P<title>[^\n]+?) (?P=marks){_AFTER}", re.MULTILINE)


FULL = "full"
# Fields of a record that hold a part, by the name of the part, the first that is there; several joined by "+" hold one
# value each. "text" is the question where there is an answer or a full text beside it. Beside the plain names, those of
# benchmarks as hubs have them: MATH, HumanEval and MBPP, Alpaca, PIQA, WinoGrande, HellaSwag, OpenBookQA, MT-Bench,
# chats, BIG-Bench Hard, GPQA; COPA and NLI sets, whose question is about a premise.
PART_FIELDS: Mapping[str, tuple[str, ...]] = {
    "context": ("context", "passage", "premise"),
    "question": (
        *("question", "text", "problem", "prompt", "instruction", "goal", "sentence", "ctx", "question_stem", "turns"),
        *("messages", "conversations", "hypothesis", "query", "input", "Question", "Problem"),
    ),
    "choices": (
        *("choices", "options", "endings", "mc1_targets.choices", "option1+option2", "choice1+choice2", "sol1+sol2"),
        *("A+B+C+D", "question.choices", "Correct Answer+Incorrect Answer 1+Incorrect Answer 2+Incorrect Answer 3"),
    ),
    "answer": (
        *("answer", "answers", "target", "solution", "canonical_solution", "code", "output", "Answer"),
        *("Correct Answer", "Best Answer", "answerKey", "label"),
    ),
}
_ALSO = "+"
_NUMBERS_ONLY = ("answerKey", "label")  # fields that name one of the choices and are no text themselves
_CHATS = ("turns", "messages", "conversations")  # fields with the turns of a chat, each of which is a part
_REPLYING = ("assistant", "gpt", "model", "bot")
_NOT_ASKING = (*_REPLYING, "system", "tool", "function")  # prompts of systems are the same in many chats
_FROM_ONE, _FROM_ZERO = ["1", "2", "3", "4"], [str(number) for number in range(1_000)]
_LETTERS = list("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_TEXTS = ("text", "value", "stem", "content")
_PLACE = attrgetter("start", "end")
# What stands before a part within the text of another: "Question: ...", "Choices:", "Answer:".
_LABELS = re.compile(
    r"^[ \t]*(?:(?P<context>passage|context)|(?P<question>question|q)|(?P<choices>choices|options)"
    r"|(?P<answer>answer|a))[ \t]*:(?=\s|\Z)[ \t]*",
    re.MULTILINE | re.IGNORECASE,
)
_CHOICE_MARK = re.compile(r"[ \t]*\(?[A-Za-z0-9][.):][ \t]+")
_LONGEST_CHOICE = 12  # words
_MARKS_OF_LINES = " .,;:()[]{}-"


# There are hundreds of thousands of both, and no cycles: the garbage collector need not look at them.
class ItemPart(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A part of an item: characters ``start`` to ``end`` of its text, under a name such as "question"."""

    name: str
    start: int
    end: int


class EvaluationItem(msgspec.Struct, frozen=True, gc=False):
    """One item of a test set.

    Attributes:
        test_set: name of the test set.
        id: name of the item in the test set: the id in the file, else its number from 0; for WikiText, the title.
        text: what a model could memorise: question and answer if the file has both.
        parts: what the item is made of, in the order of the text; empty: it is one piece. Every line of choices is a
            part of its own.
    """

    test_set: str
    id: str
    text: str
    parts: tuple[ItemPart, ...] = ()


def read_items(name: str, data: bytes, fields: Mapping[str, str] = MappingProxyType({})) -> list[EvaluationItem]:
    """Return the items of one file, in order.

    The suffix of the name decides the format, beside that of a compression (gzip, bzip2, xz, zstd, LZ4), which is
    recognised by the first bytes.

    * ``.jsonl``, ``.ndjson``: one object per line. Text: ``full`` if present and not null, else the parts one after the
      other. Id: ``id``, else the number of the item. Test set: ``benchmark``, else the name of the file. Blank lines
      are skipped.
    * ``.json``: the same, or one list of objects, also as the value of ``data``, with the nesting of SQuAD.
    * ``.csv``, ``.tsv``, ``.parquet``, ``.arrow``, ``.feather``: the same, of rows.
    * ``.txt``: one item per paragraph (between blank lines); id: its number.
    * ``.tokens``: WikiText; one item per article, with tokenizer artefacts undone; id: the title. Its ``<unk>`` cannot
      be undone and breaks n-grams, so Rae et al. 2021, A.1.1, also drop these Wikipedia pages by title.

    Args:
        name: name or path of the file; decides the format and the name of the test set, and appears in errors.
        data: bytes of the file.
        fields: field of each part, by its name; instead of :data:`PART_FIELDS`.

    Raises:
        UserError: the format is unknown, or the file is malformed; the message names file and line.
    """
    path, suffix = plain_path(name), suffix_of(name)
    if suffix in TABLE_SUFFIXES:
        full = fields.get(FULL, FULL)
        named = {part: (field,) for part, field in fields.items() if part != FULL} or PART_FIELDS
        numbered = enumerate(read_rows(name, data))
        return [_item(where, path.stem, row, number, full, named) for number, (where, row) in numbered]
    readers = {".txt": _read_paragraphs, ".tokens": _read_wikitext}
    if suffix not in readers:
        raise UserError(
            f"{name}: want a test set as {', '.join(TABLE_SUFFIXES)}, .txt or .tokens (each also with "
            f"{', '.join(COMPRESSED)}), got '{path.name}'"
        )
    return list(readers[suffix](name, path.stem, read_text(name, data)))


def _item(
    where: str,
    stem: str,
    row: Mapping[str, object],
    ordinal: int,
    full_field: str,
    named: Mapping[str, Sequence[str]],
) -> EvaluationItem:
    full = _first(row, (full_field,))
    if full is not None and not isinstance(full, str):
        raise UserError(f"{where}: want a string in '{full_field}', got {full!r}; {_known(row)}")
    found = {part: value for part, names in named.items() if (value := _first(row, names)) is not None}
    if full is None and not any(part not in ("answer", "choices") for part in found):
        wanted = "text" if named is PART_FIELDS else next(iter(named.get("question", ("text",))))
        raise UserError(
            f"{where}: want a string in '{wanted}', got {row.get(wanted)!r}; {_known(row)}; name the fields of "
            "the parts in decontaminate.fields"
        )
    if named is PART_FIELDS and found.get("question") is row.get("instruction") and row.get("input"):
        found.setdefault("context", row["input"])  # what the task is about
    turns = next((value for name in _CHATS if (value := row.get(name)) is not None), None)
    is_chat = turns is not None and found.get("question") is turns
    if is_chat and (asked := _said(turns, replies=False)):
        found["question"] = asked
        if "answer" not in found and (replies := _said(turns, replies=True)):
            found["answer"] = replies
    pieces = {part: _strings(where, part, value) for part, value in found.items()}
    _resolve_answer(row, named, found, pieces)
    test_set, name = _label(row, "benchmark", stem, where), _label(row, "id", str(ordinal), where)
    if full is None and len(pieces) == 1 and not is_chat:
        (only,) = pieces.values()
        return EvaluationItem(test_set, name, "\n".join(only))
    return EvaluationItem(test_set, name, *_joined(full, pieces))


def _known(row: Mapping[str, object]) -> str:
    names = [
        f"{name}.{inner}" if inner else name
        for name, value in row.items()
        for inner in (value if isinstance(value, Mapping) and value else ("",))
    ]
    return f"fields here: {', '.join(sorted(map(str, names))) or 'none'}"


def _first(row: Mapping[str, object], fields: Sequence[str]) -> object:
    """Return the first value that is there; a field "doc.question" may be one within another."""
    for field, several, path in _present(tuple(fields), tuple(row)):
        value = row.get(field)
        if value is None and several:
            value = _several(row, several)
        if value is None and path:
            value = _within(row, path)
        if value is not None and value == value:
            return value
    return None


@functools.lru_cache(1024)
def _present(fields: tuple[str, ...], keys: tuple[str, ...]) -> list[tuple[str, list[str], list[str]]]:
    """Return which fields a row with these keys may have, with the several fields or the path that each stands for."""
    split = [
        (field, field.split(_ALSO) if _ALSO in field else [], field.split(".") if "." in field else [])
        for field in fields
    ]
    return [
        (field, several, path)
        for field, several, path in split
        if field in keys or (several and several[0] in keys) or (path and path[0] in keys)
    ]


def _said(turns: object, *, replies: bool) -> list[str]:
    """Return what the assistant, or who asks it, says in a chat; turns without a text (calls of tools) are left out."""
    said: list[str] = []
    for turn in turns if isinstance(turns, list) else ():
        if isinstance(turn, str) and not replies:
            said.append(turn)
        elif isinstance(turn, Mapping) and (
            _speaker(turn) in _REPLYING if replies else _speaker(turn) not in _NOT_ASKING
        ):
            content = _first(turn, _TEXTS)
            blocks = content if isinstance(content, list) else [content]  # blocks of text and pictures
            texts_of_turn = [_first(block, _TEXTS) if isinstance(block, Mapping) else block for block in blocks]
            said += [text for text in texts_of_turn if isinstance(text, str) and text.strip()]
    return said


def _speaker(turn: Mapping[str, object]) -> object:
    return turn.get("role", turn.get("from"))


def _several(row: Mapping[str, object], fields: Sequence[str]) -> list[object] | None:
    """Return the values of several fields; None unless the first two are there: MMLU has A to D, others A to C."""
    values = [row.get(field) for field in fields]
    return None if None in values[:2] else [value for value in values if value is not None]


def _resolve_answer(
    row: Mapping[str, object],
    named: Mapping[str, Sequence[str]],
    found: Mapping[str, object],
    pieces: dict[str, list[str]],
) -> None:
    """Put the text of the right choice in the place of its label: a letter, a number from 0, or as the choices say.

    A field that holds nothing but labels is left out where there are no choices.
    """
    answer, choices = pieces.get("answer", []), pieces.get("choices", [])
    if len(answer) != 1 or answer[0] in choices:
        return
    label = answer[0].strip()
    if isinstance(found.get("choices"), str):  # lines with labels, as they stand
        return
    given = _labels_of(found.get("choices"))
    numbered = _FROM_ONE if row.get("option1") is not None else _FROM_ZERO
    for labels in (given, _LETTERS, numbered):
        if label in labels and labels.index(label) < len(choices):
            pieces["answer"] = [choices[labels.index(label)]]
            return
    texts_of_answers = [name for name in named.get("answer", ()) if name not in _NUMBERS_ONLY]
    if found["answer"] == _first(row, _NUMBERS_ONLY) and _first(row, texts_of_answers) is None:
        del pieces["answer"]


def _labels_of(choices: object) -> list[str]:
    if isinstance(choices, Mapping):
        labels = choices.get("label")
        return [str(label) for label in labels] if isinstance(labels, list) else []
    if isinstance(choices, list):
        return [str(one.get("label")) for one in choices if isinstance(one, Mapping)]
    return []


def _within(value: object, path: Sequence[str]) -> object:
    """Return what a path of fields leads to; through lists, what it leads to in each of their values."""
    for at, name in enumerate(path):
        if isinstance(value, list):
            found = [_within(one, path[at:]) for one in value]
            return [one for one in found if one is not None] or None
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _strings(where: str, part: str, value: object) -> list[str]:
    """Return the strings of a part.

    Choices may be a list, also of objects with ``text``, or a table with ``text`` or ``value``; an answer may have
    ``aliases``.
    """
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        aliases = value.get("aliases") if part == "answer" else None
        value = _first(value, _TEXTS)
        if isinstance(aliases, list) and isinstance(value, str):
            value = list(dict.fromkeys([value, *aliases]))
    values = [one for one in value if one is not None] if isinstance(value, list) else [value]
    values = [_first(one, _TEXTS) if isinstance(one, Mapping) else one for one in values]
    strings = [
        str(one).lower() if isinstance(one, bool) else str(one) for one in values if isinstance(one, str | int | float)
    ]
    if len(strings) < len(values):
        raise UserError(
            f"{where}: want a string or a list of strings for the part '{part}', got {value!r}; name a field within it "
            "in decontaminate.fields, such as 'doc.question'"
        )
    return strings


def _joined(full: str | None, pieces: Mapping[str, Sequence[str]]) -> tuple[str, tuple[ItemPart, ...]]:
    """Return the text of an item and where its parts are: within the full text if it holds them, else after it."""
    text = full or ""
    located: list[ItemPart] = []
    cuts: list[tuple[int, int]] = []
    strings = [(name, stripped) for name, values in pieces.items() for value in values if (stripped := value.strip())]
    for name, string in strings:
        start = _line_of(text, string)
        # "Helen", the last word of a passage; not "A", which is a choice
        within = text.rfind(string) if start < 0 and name == "answer" and len(string) > 1 else -1
        if start < 0 and within < 0:
            if full is not None and len(string) == 1:
                continue  # the number or the letter of the right choice
            start = len(text) + bool(text)
            text = f"{text}\n{string}" if text else string
        if start >= 0:
            cuts.append((start, start + len(string)))
        located += _labelled(name, string, max(start, within))
    if full is not None and "choices" not in pieces:
        located += _remainder(text, cuts)
    if len(located) == 1 and (located[0].start, located[0].end) == (0, len(text)):
        located = []
    return text, tuple(sorted(located, key=_PLACE))


def _line_of(text: str, part: str) -> int:
    """Return where a part stands in lines of its own; -1: nowhere."""
    start = text.find(part)
    while start >= 0:
        end = start + len(part)
        if (not start or text[start - 1].isspace()) and (end == len(text) or text[end] in "\r\n"):
            begin = text.rfind("\n", 0, start) + 1
            if not text[begin:start].strip():
                return start
        start = text.find(part, start + 1)
    return start


def _labelled(name: str, text: str, start: int) -> Iterator[ItemPart]:
    """Yield a part without its label, and what it holds under other labels as parts of their own."""
    if ":" not in text and name != "choices":
        yield ItemPart(name, start, start + len(text))
        return
    marks = list(_LABELS.finditer(text))
    at = 0
    for end, following in [*((mark.start(), mark) for mark in marks), (len(text), None)]:
        if name == "choices":
            yield from _lines(name, text[at:end], start + at)
        else:
            yield from _stripped(name, text[at:end], start + at)
        if following is not None:
            name, at = str(following.lastgroup), following.end()


def _stripped(name: str, text: str, start: int) -> Iterator[ItemPart]:
    if stripped := text.strip():
        start += len(text) - len(text.lstrip())
        yield ItemPart(name, start, start + len(stripped))


def _remainder(text: str, cuts: Sequence[tuple[int, int]]) -> Iterator[ItemPart]:
    """Yield what a full text has beyond its known parts: choices, tests, other names of the answer, a solution.

    Short lines are parts of their own, as choices are.
    """
    at = 0
    for begin, end in [*sorted(cuts), (len(text), len(text))]:
        piece = text[at:begin] if begin > at + 1 else ""
        if len(piece.split()) > _LONGEST_CHOICE and any(
            len(line.split()) > _LONGEST_CHOICE for line in piece.split("\n")
        ):
            yield from _stripped("rest", piece, at)
        elif piece:
            yield from _lines("rest", piece, at)
        at = max(at, end)


def _lines(name: str, text: str, start: int) -> Iterator[ItemPart]:
    for line in text.split("\n"):
        mark = _CHOICE_MARK.match(line)
        begin = mark.end() if mark else 0
        if rest := line[begin:].strip():
            begin = line.index(rest, begin)
            if rest.strip(_MARKS_OF_LINES):
                yield ItemPart(name, start + begin, start + begin + len(rest))
        start += len(line) + 1


def _label(row: Mapping[str, object], field: str, default: str, where: str) -> str:
    value = row.get(field)
    if isinstance(value, float):  # numbers as pandas writes them where some are missing
        value = None if math.isnan(value) else int(value) if value.is_integer() else str(value)
    if value is None:
        return default
    if isinstance(value, str | int) and not isinstance(value, bool):
        return str(value)
    raise UserError(f"{where}: want a string or a whole number in '{field}', got {value!r}")


def _read_paragraphs(_name: str, stem: str, content: str) -> Iterator[EvaluationItem]:
    paragraphs = texts.paragraphs(texts.clean(content))
    return (EvaluationItem(stem, str(number), text) for number, text in enumerate(paragraphs))


def _read_wikitext(name: str, stem: str, content: str) -> Iterator[EvaluationItem]:
    # The screen recognises WikiText articles by this name and drops their Wikipedia pages by title.
    stem = stem if stem.lower().startswith("wikitext") else f"wikitext.{stem}"
    titles = list(_ARTICLE.finditer(content))
    if content[: titles[0].start() if titles else None].strip():
        raise UserError(f"{name}, line 1: want WikiText, which begins with a title ' = Title = '; rename it to .txt?")
    ends = [title.start() for title in titles[1:]] + [len(content)]
    for title, end in zip(titles, ends, strict=True):
        yield EvaluationItem(stem, untokenise(title["title"]), untokenise(content[title.start() : end]).strip())


def untokenise(text: str) -> str:
    """Return WikiText with the marks of its tokenizer undone, as far as they change words without punctuation.

    "@-@" and similar marks become the character between the @, without the spaces around them. "'s" and other endings
    are joined to their words, and currency signs to their numbers. Slashes and number ranges lose their spaces, and
    headings their equals signs.
    """
    text = _HEADING.sub(r"\g<before>\g<title>", text)
    for pattern, replacement in _UNDONE:
        text = pattern.sub(replacement, text)
    return text
