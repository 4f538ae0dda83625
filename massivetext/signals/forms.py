"""The normal form of a word, for comparisons in which case and punctuation do not count."""


def form(word: str) -> str:
    """Return a word in lower case, without characters at its edges that are not letters or digits; may be empty.

    Each character is lower-cased on its own, by its simple mapping.
    """
    first, last = 0, len(word)
    while first < last and not word[first].isalnum():
        first += 1
    while last > first and not word[last - 1].isalnum():
        last -= 1
    return "".join(character.lower()[0] for character in word[first:last])
