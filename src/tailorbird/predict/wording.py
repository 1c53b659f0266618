"""What a subject line says and how it is put: its words, pieces of words, and telling marks.

Values of a template (`{{ person.first_name | default: "you" }}`) count as one word that stands for
them; tags (`{% if %}`) are left out, what they enclose is read.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Final

LONGEST: Final = 500
"""Characters of a subject that are read."""
_VALUE: Final = re.compile(r"\{\{-?\s*([\w.]*)[^}]*\}\}")
_TAG: Final = re.compile(r"\{%.*?%\}", re.DOTALL)
_WORD: Final = re.compile(r"\w[\w'’]*")
_SENTENCE_END: Final = re.compile(r"[.!?…](?:\s|$)")
_PIECES: Final = (2, 3, 4, 5)
_SYMBOLS: Final = ("So", "Sk", "Cs")


def _words_of(text: str) -> frozenset[str]:
    return frozenset(text.split())


YOU: Final = _words_of("you your yours you're you'll you've yourself")
MYSELF: Final = _words_of("i my me mine i'm i've i'll")
WE: Final = _words_of("we our us ours we're we've")
SHE: Final = _words_of("she her hers woman women girl girls mom mother daughter lady")
HE: Final = _words_of("he his him man men guy boy boys dad father son")
THEY: Final = _words_of("they their them people everyone everybody someone folks")
POINTERS: Final = _words_of("this these that those here here's it's")
ASKING: Final = _words_of("why how what when where who which")
NEVER: Final = _words_of("not no never nobody nothing none don't can't isn't won't didn't doesn't")
MOST: Final = _words_of("best worst most least only ever first last every all always")
URGENT: Final = _words_of("now today tonight hurry last final ends ending soon hours left deadline")
PRICE: Final = _words_of("free sale save off deal deals discount offer price cheap gift code")
COMMON: Final = _words_of(
    "the a an and or but of to in on at for with from by as is are was were be been has have had "
    "do does did can could will would should may might about into over after before than then so "
    "if more some any just new up out one two get got go make made see look"
)
ENGLISH: Final = (
    COMMON | YOU | MYSELF | WE | SHE | HE | THEY | POINTERS | ASKING | NEVER | MOST | URGENT | PRICE
)
"""Words by which a subject is known to be English."""


def plain(subject: str) -> str:
    """Return a subject with its template's values as words, one kind of space and quote."""
    text = _VALUE.sub(_stand_in, _TAG.sub(" ", unicodedata.normalize("NFC", subject)))
    return " ".join(text.split())[:LONGEST]


def _stand_in(found: re.Match[str]) -> str:
    return f" value_{found[1].rpartition('.')[2]} "


def words(text: str) -> list[str]:
    """Return the words of a plain subject, lower case, one kind of apostrophe."""
    return [word.replace("’", "'") for word in _WORD.findall(text.lower())]


def phrases(found: list[str]) -> Counter[str]:
    """Return how often each word and each pair of neighbours stands there."""
    return Counter(found) + Counter(f"{a} {b}" for a, b in pairwise(found))


def pieces(found: list[str]) -> Iterator[tuple[str, str]]:
    """Yield (piece, word) for every two to five letters, a word's ends counting as letters."""
    for word in found:
        padded = f" {word} "
        for length in _PIECES:
            for at in range(max(len(padded) - length + 1, 0)):
                yield padded[at : at + length], word


def _count(text: str, marks: str) -> float:
    return float(sum(text.count(mark) for mark in marks))


def _share(found: list[str], among: frozenset[str]) -> float:
    return float(any(word in among for word in found))


def _shouting(text: str) -> float:
    raw = _WORD.findall(text)
    return float(sum(word.isupper() and len(word) > 1 for word in raw)) / max(len(raw), 1)


def _capitals(text: str) -> float:
    raw = _WORD.findall(text)
    return float(sum(word[0].isupper() for word in raw)) / max(len(raw), 1)


def _symbols(text: str) -> float:
    return float(any(unicodedata.category(letter) in _SYMBOLS for letter in text))


Mark = Callable[[str, list[str]], float]
MARKS: Final[Mapping[str, Mark]] = {
    "its number of words": lambda text, found: min(len(found), 40) / 10,
    "its length": lambda text, found: len(text) / 100,
    "its length squared": lambda text, found: (len(text) / 100) ** 2,
    "the length of its words": lambda text, found: sum(map(len, found)) / max(len(found), 1),
    "a question": lambda text, found: float("?" in text),
    "an exclamation mark": lambda text, found: float("!" in text),
    "a number": lambda text, found: float(bool(re.search(r"\d", text))),
    "a number at the start": lambda text, found: float(text[:1].isdigit()),
    "a quotation": lambda text, found: float(bool(re.search(r"[\"“„«]|(?:^|\s)['‘]\w", text))),
    "a colon": lambda text, found: float(":" in text),
    "dots that leave it open": lambda text, found: float("..." in text or "…" in text),
    "stressed words (*so*)": lambda text, found: float("*" in text),
    "brackets": lambda text, found: float("(" in text or "[" in text),
    "a dash": lambda text, found: float(bool(re.search(r"\s[-–—]\s|—", text))),
    "commas": lambda text, found: min(_count(text, ","), 4),
    "several sentences": lambda text, found: float(min(len(_SENTENCE_END.findall(text)), 4) > 1),
    "WORDS IN CAPITALS": lambda text, found: _shouting(text),
    "Capitals At Each Word": lambda text, found: _capitals(text),
    "words that repeat": lambda text, found: 1 - len(set(found)) / max(len(found), 1),
    "an emoji or symbol": lambda text, found: _symbols(text),
    "a value of the person": lambda text, found: float(any(w[:6] == "value_" for w in found)),
    "speaking to you": lambda text, found: _share(found, YOU),
    "speaking as I": lambda text, found: _share(found, MYSELF),
    "speaking as we": lambda text, found: _share(found, WE),
    "a woman in it": lambda text, found: _share(found, SHE),
    "a man in it": lambda text, found: _share(found, HE),
    "people in it": lambda text, found: _share(found, THEY),
    "pointing words (this, here)": lambda text, found: _share(found, POINTERS),
    "asking words (why, how, what)": lambda text, found: _share(found, ASKING),
    "saying no (not, never)": lambda text, found: _share(found, NEVER),
    "the most of something (best, only, ever)": lambda text, found: _share(found, MOST),
    "urgency (now, last, ends)": lambda text, found: _share(found, URGENT),
    "money (free, sale, off)": lambda text, found: _share(found, PRICE),
}
"""What can be told of any subject, by the words in which it is told of."""


def marks(text: str, found: list[str]) -> dict[str, float]:
    """Return the marks of a plain subject that are not zero."""
    told = {name: mark(text, found) for name, mark in MARKS.items()}
    return {name: value for name, value in told.items() if value}
