"""Fills the slots of one text with people, places and favourite words that occur again, as in real texts."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from massivetext.demo import morphology, vocabulary
from massivetext.demo.chance import Chance
from massivetext.demo.grammar import Template, fill_template
from massivetext.demo.vocabulary import Topic, Words

_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip
_WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_SEASONS = ("spring", "summer", "autumn", "winter")
_SPANS = ("minutes", "hours", "days", "weeks", "months", "years")
_HOURS = ("six", "seven", "eight", "nine", "ten", "eleven")
_CURRENCIES = ("£", "$", "€")
_TRIES = 6  # attempts to find a word that is not in the sentence yet

# Number of favourite words of a text per list; 60% of its words are favourites.
_FAVOURITES = {"agents": 3, "things": 9, "stuff": 4, "sites": 3, "verbs": 8, "adjectives": 9}
_FAVOURITE_SHARE = 0.6


class Person(NamedTuple):
    """A person in a text."""

    first: str
    last: str
    pronoun: str


class Speaker:
    """Turns templates into sentences of one text."""

    def __init__(self, chance: Chance, topic: Topic) -> None:
        self.chance = chance
        self.topic = topic
        general = vocabulary.general()
        self._ideas, self._adjectives, self._adverbs = general.ideas, general.adjectives, general.adverbs
        self._names = general.names
        self._favourites = {name: self._choose(name, count) for name, count in _FAVOURITES.items()}
        self._people: list[Person] = []
        self._places: list[str] = []
        self._organisations: list[str] = []
        self._last = Person("", "", "they")
        self._used_words: set[str] = set()
        self._per_cent = chance.pick((" per cent", "%", " percent"))
        self._fillers = self._make_fillers()

    def invent_sentence(self, template: Template) -> str:
        """Return the template as an English sentence: filled in, with "a" or "an", first letter a capital."""
        return _capitalised(self.phrase(template))

    def phrase(self, template: Template) -> str:
        """Return the template filled in, with "a" or "an" as needed, but without a capital."""
        return morphology.with_articles(self.fill(template))

    def fill(self, template: Template) -> str:
        """Return the template filled in and otherwise unchanged, for sentences in any language."""
        self._used_words.clear()
        return fill_template(template, self.chance, self._fill)

    def person(self) -> str:
        """Return the full name of a new person, or the surname of an earlier one."""
        if len(self._people) >= 2 and self.chance.share(0.7):
            self._last = self.chance.pick(self._people)
            return self._last.last
        self._last = self.new_person()
        self._people.append(self._last)
        return f"{self._last.first} {self._last.last}"

    def new_person(self) -> Person:
        """Return a new random person."""
        woman = self.chance.share(0.5)
        first = self.chance.favour(self._names.women if woman else self._names.men)
        return Person(first, self._join(self._names.surname_heads, self._names.surname_tails), "she" if woman else "he")

    def place(self) -> str:
        """Return the name of a town: one of this text or a new one."""
        if len(self._places) >= 2 and self.chance.share(0.55):
            return self.chance.pick(self._places)
        place = self._join(self._names.place_heads, self._names.place_tails)
        self._places.append(place)
        return place

    def _fill(self, slot: str) -> str:
        filler = self._fillers[slot]
        for _ in range(_TRIES):
            words = filler()
            if words not in self._used_words:
                break
        self._used_words.add(words)
        return words

    def _make_fillers(self) -> dict[str, Callable[[], str]]:
        number = self.chance.between

        def verb() -> str:
            return self._word("verbs")

        return {
            "agent": lambda: self._word("agents"),
            "agents": lambda: morphology.plural(self._word("agents")),
            "thing": lambda: self._word("things"),
            "things": lambda: morphology.plural(self._word("things")),
            "stuff": lambda: self._word("stuff"),
            "site": lambda: self._word("sites"),
            "sites": lambda: morphology.plural(self._word("sites")),
            "adj": lambda: self._word("adjectives"),
            "v": verb,
            "vs": lambda: morphology.third_person(verb()),
            "vd": lambda: morphology.past(verb()),
            "vn": lambda: morphology.participle(verb()),
            "vg": lambda: morphology.gerund(verb()),
            "idea": lambda: self.chance.favour(self._ideas),
            "ideas": lambda: morphology.plural(self.chance.favour(self._ideas)),
            "gadj": lambda: self.chance.favour(self._adjectives),
            "adv": lambda: self.chance.favour(self._adverbs),
            "person": self.person,
            "she": lambda: self._last.pronoun,
            "pronoun": lambda: self.chance.pick(("he", "she")),
            "place": self.place,
            "org": self._organisation,
            "few": lambda: morphology.few(number(2, 12)),
            "count": lambda: str(13 + self._skewed(960)),
            "big": lambda: f"{1_000 + self._skewed(90_000) * (1 if self.chance.share(0.6) else 10):,}",
            "ordinal": lambda: morphology.ordinal(number(2, 89)),
            "age": lambda: str(number(17, 79)),
            "pct": lambda: f"{self._decimal(80)}{self._per_cent}",
            "magnitude": lambda: f"{number(3, 7)}.{number(0, 9)}",
            "year": lambda: str(2023 - self._skewed(420)),
            "years": self._years,
            "decade": lambda: f"the {180 + number(0, 21)}0s",
            "date": lambda: f"{number(1, 28)} {self.chance.pick(_MONTHS)} {2023 - self._skewed(130)}",
            "month": lambda: self.chance.pick(_MONTHS),
            "weekday": lambda: self.chance.pick(_WEEKDAYS),
            "season": lambda: self.chance.pick(_SEASONS),
            "span": lambda: f"{morphology.few(number(2, 12))} {self.chance.pick(_SPANS)}",
            "clock": self._clock,
            "length": lambda: f"{self._decimal(120)} {self.chance.pick(('kilometres', 'miles', 'metres'))}",
            "weight": lambda: f"{self._decimal(90)} {self.chance.pick(('kilograms', 'tonnes', 'grams', 'pounds'))}",
            "temp": lambda: f"{self.chance.pick(('', 'minus '))}{number(2, 38)} degrees",
            "money": self._money,
        }

    def _choose(self, name: str, count: int) -> Words:
        words: Sequence[str] = getattr(self.topic, name)
        return tuple(self.chance.some(words, count))

    def _word(self, name: str) -> str:
        if self.chance.share(_FAVOURITE_SHARE):
            return self.chance.favour(self._favourites[name])
        words: Words = getattr(self.topic, name)
        return self.chance.favour(words)

    def _join(self, heads: Words, tails: Words) -> str:
        head, tail = self.chance.pick(heads), self.chance.favour(tails)
        return head + (tail[1:] if head[-1] == tail[0] else tail)

    def _organisation(self) -> str:
        if self._organisations and self.chance.share(0.6):
            return self.chance.pick(self._organisations)
        kind, subject = self.chance.favour(self._names.org_kinds), self.chance.favour(self._names.org_subjects)
        made = f"{self.place()} {kind}" if self.chance.share(0.5) else f"{kind} of {subject}"
        self._organisations.append(made)
        return made

    def _years(self) -> str:
        later = 2023 - self._skewed(300)
        return f"{later - self.chance.between(3, 90)} and {later}"

    def _skewed(self, limit: int) -> int:
        return min(self.chance.below(limit), self.chance.below(limit))

    def _decimal(self, limit: int) -> str:
        whole = 2 + self._skewed(limit)
        return str(whole) if self.chance.share(0.6) else f"{whole}.{self.chance.between(1, 9)}"

    def _clock(self) -> str:
        hour = self.chance.pick(_HOURS)
        return self.chance.pick((f"{hour} o'clock", f"half past {hour}", f"quarter to {hour}", "noon", "midnight"))

    def _money(self) -> str:
        sign = self.chance.pick(_CURRENCIES)
        return self.chance.pick((f"{sign}{13 + self._skewed(980)}", f"{sign}{self._decimal(90)} million"))


def _capitalised(sentence: str) -> str:
    at = 1 if sentence[:1] == '"' else 0
    return sentence[:at] + sentence[at : at + 1].upper() + sentence[at + 1 :]
