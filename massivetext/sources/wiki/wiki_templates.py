"""Expand templates and parser functions of wikitext by rules that are data; see ``wiki_templates.toml``."""

import functools
import itertools
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from massivetext.sources.wiki.wiki_languages import WikiLanguage, wiki_language

# A character of the private use area marks where something was left out, until the text around it is closed up.
HOLE = "\ue000"
LITERAL = "\ue005"  # before a character that would be markup
_COLON = re.compile(":(?!//)")

_PIECE = re.compile(r"[{]([^{}<>]+)[}]|([<>])|([^{<>]+)")
_NAME_SPACE = re.compile(r"[\s_]+")
_PREFIX = re.compile(r"(?:subst:|safesubst:|template:|msg:|vorlage:|modèle:|шаблон:)\s*", re.IGNORECASE)
_NUMBER = re.compile(r"[-−+]?\d+(?:\.\d+)?")
_SCIENTIFIC = re.compile(r"([-−+]?\d+(?:\.\d+)?)e([-−+]?\d+)", re.IGNORECASE)
_DIGITS = re.compile(r"\d+")
# "3743,31", "5000 personnes": a number as French articles write it, and what follows it.
_FRENCH_NUMBER = re.compile(r"([-−+]?\d+(?:[\s\u00a0\u202f]\d{3})*)(?:[.,](\d+))?(.*)", re.DOTALL)


class Call(NamedTuple):
    """A template as it is used.

    Attributes:
        name: name as written, without white space around it.
        unnamed: parameters without a name, in order, stripped.
        named: parameters with a name, stripped; numbers are names too.
        star: what "*" stands for in the name of the rule.
        wiki: names of the wiki.
    """

    name: str
    unnamed: list[str]
    named: dict[str, str]
    star: str
    wiki: WikiLanguage

    def value(self, name: str) -> str:
        """Return a parameter by name or number from 1, or "" if it is missing."""
        if name in self.named:
            return self.named[name]
        number = int(name) if name.isdecimal() else 0
        return self.unnamed[number - 1] if 0 < number <= len(self.unnamed) else ""


def literal_colons(text: str) -> str:
    """Return a text whose colons do not end the term of a definition."""
    return _COLON.sub(f":{LITERAL}", text) if ":" in text else text


# A rule in parts: text, alternatives of a slot, or a group that needs all its slots.
_Part: TypeAlias = "str | tuple[str, ...] | list[_Part]"


def expand_template(inner: str, title: str, wiki: WikiLanguage) -> str:
    """Return the text of ``{{inner}}``, in which everything is expanded already; a hole if it leaves none.

    Args:
        inner: what is between the braces.
        title: title of the page.
        wiki: names of the wiki.
    """
    head, bar, rest = inner.partition("|")
    name = head.replace(HOLE, "").strip()
    if _PREFIX.match(name):
        name = _PREFIX.sub("", name)
    function, colon, first = name.partition(":")
    if colon and (text := _function(function.strip().lower(), first.strip(), rest, wiki)) is not None:
        return text or HOLE
    if name.endswith("PAGENAME") and not bar:
        return title
    found = _find_rule(_NAME_SPACE.sub(" ", name).lower(), wiki)
    if found is None:
        return HOLE
    rule, star = found
    call = _call(name, rest if bar else None, star, wiki)
    text = _ACTIONS[rule[1:]](call) if rule.startswith("@") else _fill(_parse_rule(rule), call) or ""
    return text or HOLE


def _find_rule(name: str, wiki: WikiLanguage) -> tuple[str, str] | None:
    rule = wiki.template_rules.get(name)
    if rule is None and name[:1].isdecimal():
        rule = wiki.template_rules.get(_DIGITS.sub("#", name))
    return (rule, "") if rule is not None else _find_pattern(name, wiki.code)


@functools.lru_cache(maxsize=50_000)
def _find_pattern(name: str, code: str) -> tuple[str, str] | None:
    for head, tail, rule in _patterns(code):
        if len(name) > len(head) + len(tail) and name.startswith(head) and name.endswith(tail):
            return rule, name[len(head) : len(name) - len(tail)]
    return None


@functools.cache
def _patterns(code: str) -> tuple[tuple[str, str, str], ...]:
    """Return the beginnings and ends of the names of rules with "*", and their rules, the wiki's own first."""
    rules = wiki_language(code).template_rules.items()
    found = [(*name.partition("*")[::2], rule) for name, rule in rules if name.count("*") == 1 and len(name) > 1]
    return tuple(found[::-1])


def _call(name: str, parameters: str | None, star: str, wiki: WikiLanguage) -> Call:
    call = Call(name, [], {}, star, wiki)
    if parameters is None:
        return call
    for parameter in parameters.split("|"):
        key, equals, value = parameter.partition("=")
        if equals and key[-1:] != LITERAL and "<" not in key and "\n" not in key.strip():
            call.named[key.strip().lower()] = value.strip().strip(HOLE)
        else:
            call.unnamed.append(parameter.strip().strip(HOLE))
    return call


# -- rules -------------------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=5_000)
def _parse_rule(rule: str) -> "list[_Part]":
    stack: list[list[_Part]] = [[]]
    for slot, mark, text in _PIECE.findall(rule):
        if mark == "<":
            stack.append([])
        elif mark == ">":
            group = stack.pop()
            stack[-1].append(group)
        else:
            stack[-1].append(tuple(slot.split("|")) if slot else text)
    return stack[0]


def _fill(parts: "list[_Part]", call: Call, *, group: bool = False) -> str | None:
    """Return the filled text; None if it has slots and all of them (in a group: one of them) are empty."""
    out: list[str] = []
    filled = empty = 0
    for part in parts:
        if isinstance(part, str):
            out.append(part)
        elif isinstance(part, list):
            inner = _fill(part, call, group=True)
            filled += inner is not None
            out.append(inner or "")
        else:
            value = _slot(part, call)
            out.append(value)
            filled += bool(value) or "" in part
            empty += not value and "" not in part
    if (group and empty) or (empty and not filled):
        return None
    return "".join(out)


def _slot(names: tuple[str, ...], call: Call) -> str:
    if names == ("name",) and "name" not in call.named:
        return call.name
    if names == ("*",):
        return call.star
    if names == ("language",):
        return call.wiki.language_names.get(call.star, "")
    return next((value for name in names if name and (value := call.value(name))), "")


# -- rules in code -----------------------------------------------------------------------------------------------------


def _joined(call: Call) -> str:
    return "".join(call.unnamed)


def _lines(call: Call) -> str:
    return "\n" + "\n".join(value for value in call.unnamed if value) + "\n"


def _items(call: Call) -> str:
    return "\n" + "\n".join(f"* {value}" for value in call.unnamed if value) + "\n"


def _commas(call: Call) -> str:
    return ", ".join(value for value in call.unnamed if value)


def _plus(call: Call) -> str:
    return "+".join(value for value in call.unnamed if value)


def _syllables(call: Call) -> str:
    return "-".join(value for value in call.unnamed if value).replace("-_-", " ")


def _phonemes(call: Call) -> str:
    sounds = [value.replace("_", " ") for value in call.unnamed if value not in ("lang", "pron", "en", "us", "uk")]
    text = "".join(sounds)
    return f"/{text}/" if text else ""


def _fraction(call: Call) -> str:
    match call.unnamed[:3]:
        case [whole, above, below]:
            return f"{whole}+{above}/{below}"
        case [above, below]:
            return f"{above}/{below}"
        case [below]:
            return f"1/{below}"
    return ""


def group_digits(text: str, wiki: WikiLanguage) -> str:
    """Return a number with the signs of a wiki; any other text as it is."""
    if power := _SCIENTIFIC.fullmatch(text):
        return f"{group_digits(power[1], wiki)}×10^{power[2]}"
    if not _NUMBER.fullmatch(text):
        return text
    whole, point, fraction = text.partition(".")
    sign = whole[:1] if whole[:1] in "-−+" else ""
    digits = whole[len(sign) :]
    groups = f"{int(digits):,}".replace(",", wiki.group) if len(digits) > 3 else digits
    return f"{sign}{groups}{wiki.decimal if point else ''}{fraction}"


def _number(call: Call) -> str:
    return group_digits(call.value("1"), call.wiki)


# Between two values of one measure: "{{convert|10|to|20|km}}".
_RANGE = {"-": "–", "–": "–", "to": " to ", "and": " and ", "x": " × ", "×": " × ", "by": " by ", "or": " or "}
_RANGE |= {"to(-)": " to ", "+/-": " ± ", "±": " ± ", "*": " × ", "xx": " × ", ",": ", ", "a": " a ", "à": " à "}


def _measure(call: Call) -> str:
    """Number and unit, without the conversion: "93 m"; also ranges, and feet with inches."""
    out, expects_number = "", True
    for value in call.unnamed:
        number = value.replace(",", "")
        if expects_number and (_NUMBER.fullmatch(number) or _SCIENTIFIC.fullmatch(number) or not out):
            out += group_digits(number, call.wiki)
            expects_number = False
        elif not expects_number and value in _RANGE:
            out += _RANGE[value]
            expects_number = True
        elif not expects_number:
            if call.value("adj") == "on" and value.isalpha() and len(value) > 2:
                return f"{out}-{value}"  # "a 40-acre farm"
            return f"{out} {_unit(value, call.wiki)}{_inches(call)}" if value else out
        else:
            break
    return out


def _unit(code: str, wiki: WikiLanguage) -> str:
    """Return the sign of a unit that templates name by a code: "km²" for "km2"."""
    if sign := wiki.units.get(code):
        return sign
    power = code[-1:]
    return f"{code[:-1]}{_POWERS[power]}" if power in _POWERS and code[:-1].isalpha() else code


_POWERS = {"2": "²", "3": "³"}


def _french_measure(call: Call) -> str:
    """A number and units with exponents: "3 743,31 km²" of ``{{unité|3743,31|km|2}}``."""
    number = _FRENCH_NUMBER.fullmatch(call.value("1"))
    if number is None:
        return call.value("1")
    whole = re.sub(r"\s", "", number[1])
    out = group_digits(f"{whole}.{number[2]}" if number[2] else whole, call.wiki)
    out += f"×10^{power}" if (power := call.value("e")) else ""
    out += f" {text}" if (text := number[3].strip()) else ""
    units = [*call.unnamed[1:], ""]
    for unit, exponent in zip(units[::2], units[1::2], strict=False):
        out += " " * bool(unit) + unit + (_POWERS.get(exponent) or f"^{exponent}" if exponent else "")
    return out


def _century(call: Call) -> str:
    """A century in Roman numerals: "XIIIe siècle" of ``{{s|XIII}}``."""
    number, ending = call.value("1"), call.value("2")
    return f"{number}{ending or ('er' if number == 'I' else 'e')} siècle" if number else ""


def _inches(call: Call) -> str:
    match call.unnamed[1:4]:
        case ["ft" | "lb" | "st" | "mi", more, "in" | "oz" | "lb" | "yd" | "ft" as unit] if _NUMBER.fullmatch(more):
            return f" {more} {unit}"
    return ""


def _day(call: Call) -> str:
    """A date of year, month and day: "February 24, 1993" where months have names, else in ISO order."""
    year, month, day = [*call.unnamed[:3], "", "", ""][:3]
    number = _month_number(month, call.wiki)
    if not number:
        return "-".join(value.zfill(2) for value in (year, month, day) if value)
    name = call.wiki.months[number - 1]
    if not day:
        return f"{name} {year}"
    day = day.lstrip("0")
    return f"{day} {name} {year}" if call.value("df") else f"{name} {day}, {year}"


def _day_first(call: Call) -> str:
    """A date of day, month and year: "3 mai 1970"; a month that is a number is named where months have names."""
    day, month, year = [*call.unnamed[:3], "", "", ""][:3]
    names = call.wiki.months_after_day
    if month.isdecimal() and 0 < int(month) <= len(names):
        month = names[int(month) - 1]
    elif names and names[0].startswith("de ") and month:
        month = f"de {month} de"
    parts = [part for part in (day, month, year) if part]
    return " ".join(parts)


def _month_number(month: str, wiki: WikiLanguage) -> int:
    """Return the number of a month, from 1, by its number or the beginning of its name; 0 if it is none."""
    if month.isdecimal():
        return int(month) if 0 < int(month) <= len(wiki.months) else 0
    found = [number for number, name in enumerate(wiki.months, 1) if name.lower().startswith(month.lower())]
    return found[0] if len(month) > 2 and len(found) == 1 else 0


def _moment(call: Call) -> str:
    """A date with a time of day before it: "08:30, February 24, 1993"."""
    day, time = _day(call), call.unnamed[3:6]
    if len(time) < 2 or not all(map(str.isdecimal, time[:2])):
        return day
    zone = call.value("7")
    clock = ":".join(part.zfill(2) for part in time if part.isdecimal())
    return f"{clock}, {day}" + (f" ({'UTC' if zone == 'Z' else zone})" if zone else "")


def _as_of(call: Call) -> str:
    """The words "As of" with a date, or what replaces them; by default the day comes first."""
    if alternative := call.value("alt"):
        return alternative
    year, month, day = [*call.unnamed[:3], "", "", ""][:3]
    number = _month_number(month, call.wiki)
    date = year
    if number:
        name = call.wiki.months[number - 1]
        month_first = call.value("df").lower() in ("us", "mdy")
        date = (
            f"{name} {day.lstrip('0')}, {year}" if day and month_first else f"{day.lstrip('0')} {name} {year}".strip()
        )
    words = "since" if call.value("since") else "as of"
    if call.value("bare"):
        return date
    return f"{words if call.value('lc') else words.capitalize()} {date}" if date else ""


def _season(call: Call) -> str:
    """A season that begins in a year: "2008–09"."""
    year = call.value("1")
    if not year.isdecimal():
        return year
    following = int(year) + 1
    return f"{year}–{following if following % 100 == 0 else f'{following % 100:02}'}"


def _currency(call: Call) -> str:
    amount, code = call.value("1") or call.value("amount"), call.value("2") or call.value("type") or "USD"
    return f"{call.wiki.currencies.get(code.upper()) or code.rstrip('0123456789')}{amount}" if amount else ""


def _percentage(call: Call) -> str:
    """The share of two numbers: "11%" of ``{{percentage|1111|10000}}``, with as many decimals as the third says."""
    part, whole, decimals = [*(value.replace(",", "") for value in call.unnamed[:3]), "", "", ""][:3]
    if not (_NUMBER.fullmatch(part) and _NUMBER.fullmatch(whole) and float(whole)):
        return call.value("1")
    places = min(int(decimals), 9) if decimals.isdecimal() else 0
    return f"{100 * float(part.replace('−', '-')) / float(whole.replace('−', '-')):.{places}f}%"


def _sic(call: Call) -> str:
    words = call.value("1") + call.value("2") + (f" {call.value('3')}" if call.value("3") else "")
    return words if call.value("hide") else f"{words} [sic]".strip()


_DIRECTIONS = frozenset("NSEWnsew")


def _coordinates(call: Call) -> str:
    """Coordinates in running text: "51°30′N 0°7′W"; nothing if they stand beside the title."""
    if "title" in call.value("display") or call.value("display") == "t":
        return ""
    given = filter(None, call.unnamed)
    values = list(itertools.takewhile(lambda value: value in _DIRECTIONS or _NUMBER.fullmatch(value), given))
    if not _DIRECTIONS.intersection(values):
        if len(values) != 2:
            return ""
        (north, east), signs = values, "-−"
        return f"{north.strip(signs)}°{'NS'[north[0] in signs]} {east.strip(signs)}°{'EW'[east[0] in signs]}"
    out, unit = "", 0
    for value in values:
        if value in _DIRECTIONS:
            out, unit = f"{out}{value.upper()} ", 0
        else:
            out, unit = f"{out}{value}{'°′″'[min(unit, 2)]}", unit + 1
    return out.strip()


def _ship(call: Call) -> str:
    """A ship with the prefix that is the template's name: "HMS Ark Royal (91)"; see :func:`_ship_name`."""
    prefix = _SHIP_PREFIXES.get(call.name.upper(), call.name.upper())
    return _ship_name(prefix, *[*call.unnamed[:3], "", "", ""][:3])


def _ship_of_prefix(call: Call) -> str:
    return _ship_name(*[*call.unnamed[:4], "", "", "", ""][:4])


_SHIP_PREFIXES = {"HNOMS": "HNoMS", "HSWMS": "HSwMS"}


def _ship_name(prefix: str, name: str, number: str, form: str) -> str:
    """Return a ship's name in the form that a digit chooses: 1 the number alone, 2 the name, 3 both, 6 no number."""
    named = f"{prefix} {name}".strip() if name else ""
    match form:
        case "1":
            return number
        case "2":
            return name
        case "3":
            return f"{name} ({number})" if number else name
        case "":
            return f"{named} ({number})" if named and number else named
    return named


def _age(call: Call) -> str:
    numbers = [int(value) if value.isdecimal() else 0 for value in call.unnamed[:6]]
    if len(numbers) < 6:
        return ""
    return str(numbers[3] - numbers[0] - ((numbers[4], numbers[5]) < (numbers[1], numbers[2])))


def _chinese(call: Call) -> str:
    labels = {"c": "Chinese", "s": "simplified Chinese", "t": "traditional Chinese", "p": "pinyin", "w": "Wade–Giles"}
    found = [f"{label}: {value}" for key, label in labels.items() if (value := call.value(key))]
    return "; ".join(found) or call.value("1")


def _named_language(call: Call) -> str:
    language, text = call.wiki.language_names.get(call.value("1"), ""), call.value("2") or call.value("text")
    return f"{language}: {text}" if language and text and call.value("label") != "none" else text


def _german_language(call: Call) -> str:
    language = call.wiki.language_names.get(call.star, "")
    return f"{language} {call.value('1')}" if language and call.value("1") else ""


def _music(call: Call) -> str:
    signs = {"flat": "♭", "b": "♭", "sharp": "♯", "#": "♯", "natural": "♮"}
    return signs.get(call.value("1").lower(), call.value("2") or call.value("1"))


def _lifespan(call: Call) -> str:
    match [value for value in call.unnamed if not value.isascii() or not value.isalpha()]:
        case [born, birthday, died, day, *_]:
            return f"（{born}{birthday}—{died}{day}）"
        case [born, birthday, *_]:
            return f"（{born}{birthday}—）"
    return ""


_ACTIONS: Mapping[str, Callable[[Call], str]] = {
    "age": _age,
    "as_of": _as_of,
    "century": _century,
    "chinese": _chinese,
    "commas": _commas,
    "coordinates": _coordinates,
    "currency": _currency,
    "day": _day,
    "day_first": _day_first,
    "fraction": _fraction,
    "french_measure": _french_measure,
    "german_language": _german_language,
    "items": _items,
    "joined": _joined,
    "lifespan": _lifespan,
    "lines": _lines,
    "measure": _measure,
    "moment": _moment,
    "music": _music,
    "named_language": _named_language,
    "number": _number,
    "percentage": _percentage,
    "phonemes": _phonemes,
    "plus": _plus,
    "season": _season,
    "ship": _ship,
    "ship_of_prefix": _ship_of_prefix,
    "sic": _sic,
    "syllables": _syllables,
}


_CASES: Mapping[str, Callable[[str], str]] = {
    "lc": str.lower,
    "uc": str.upper,
    "lcfirst": lambda text: text[:1].lower() + text[1:],
    "ucfirst": lambda text: text[:1].upper() + text[1:],
}


def _function(name: str, first: str, rest: str, wiki: WikiLanguage) -> str | None:
    """Return what a parser function leaves; None if there is no function of this name."""
    more = [part.strip().strip(HOLE) for part in rest.split("|")]
    if name in _CASES:
        return _CASES[name](first)
    match name:
        case "formatnum":
            return group_digits(first, wiki)
        case "#if":
            return more[0] if first.strip(HOLE) else "".join(more[1:2])
        case "#ifeq":
            return "".join(more[1:2]) if first.strip(HOLE) == more[0] else "".join(more[2:3])
        case "#tag":
            return more[0] if first.lower() in ("span", "div", "small", "big", "poem", "nowiki", "pre", "code") else ""
    return "" if name.startswith("#") or name in ("defaultsort", "displaytitle", "int", "ns") else None
