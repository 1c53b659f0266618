"""Names of people that were typed in one case, as they are written in two."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from tailorbird.collect.clean import name as plain

_PARTICLES: Final = frozenset(
    {
        "af", "al", "av", "bin", "da", "das", "de", "del", "della", "den", "der", "des", "di",
        "dos", "du", "el", "ibn", "la", "le", "ten", "ter", "van", "vom", "von", "y", "zu", "zum",
        "zur",
    }
)  # fmt: skip
_NUMERALS: Final = frozenset({"ii", "iii", "iv", "vi", "vii", "viii"})
_VOWEL: Final = re.compile(r"[aeiouyà-öø-ÿ]")
_PART: Final = re.compile(r"[^\s'’\-.]+")


@lru_cache(maxsize=16_384)
def person_name(text: str) -> str:
    """Return a name in two cases where it came in one; any other stays as its owner wrote it.

    Particles are small before another word; initials and numerals stay large.

    >>> person_name("ANNA-MARIA O'BRIEN"), person_name("ludwig van beethoven")
    ("Anna-Maria O'Brien", 'Ludwig van Beethoven')
    >>> person_name("MCDONALD"), person_name("JD"), person_name("DiCaprio"), person_name("ÉLODIE")
    ('McDonald', 'JD', 'DiCaprio', 'Élodie')
    """
    name = plain(text)
    if not (name.isupper() or name.islower()) or len(name) < 2:
        return name
    words = name.split(" ")
    last = len(words) - 1
    return " ".join(_word(word, followed=at < last) for at, word in enumerate(words))


def _word(word: str, *, followed: bool) -> str:
    small = _lower(word)
    if followed and small in _PARTICLES:
        return small
    if small in _NUMERALS:
        return word.upper()
    if word.isupper() and len(word) <= 3 and not _VOWEL.search(small):
        return word
    return _PART.sub(lambda part: _capital(part[0]), word)


def _capital(part: str) -> str:
    small = _lower(part)
    if small.startswith("mc") and len(small) > 3:
        return f"Mc{small[2].upper()}{small[3:]}"
    return part[0].upper() + small[1:]


def _lower(text: str) -> str:
    # The Turkish capital I leaves a dot of its own behind.
    return text.lower().replace("\u0307", "")
