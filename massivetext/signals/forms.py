"""The form of a word: what is compared where case and punctuation do not count."""


def form(word: str) -> str:
    """A word in lower case, without the characters at its edges that are neither letters nor digits; may be empty.

    Every character is lower-cased by itself, by its simple mapping.
    """
    first, last = 0, len(word)
    while first < last and not word[first].isalnum():
        first += 1
    while last > first and not word[last - 1].isalnum():
        last -= 1
    return "".join(character.lower()[0] for character in word[first:last])
