"""Which of several subject lines would win a test: chances, reasons, and when nobody can tell.

A model is a few layers, added up: what many tests of others have shown, and beside it what your
own have. Scoring needs neither NumPy nor any library.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec

from tailorbird.errors import ModelError, UsageError
from tailorbird.predict.heads import read_head
from tailorbird.predict.wording import ENGLISH, MARKS, marks, phrases, pieces, plain, words
from tailorbird.schema import Instant

FORMAT: Final = 1
FILE: Final = "headlines.json"
MOST_CANDIDATES: Final = 20
CALLED_AT: Final = 0.6
"""The chance against the next best from which on a winner is called."""
FAMILIAR_FROM: Final = 0.2
"""The share of its words that tests must have shown, for a subject to be judged."""
MOST_REASONS: Final = 4
_WEAKEST: Final = 0.005
"""Log-odds below which something is no reason."""

Why = Literal["called", "close", "unproven", "unfamiliar", "same", "alone", "empty"]


Terms: TypeAlias = dict[str, tuple[float, float]]
"""Words, or pieces of them: how rare each is, and what it weighs."""


class Layer(msgspec.Struct, frozen=True):
    """What one body of tests has shown; a subject's score is the sum over its features."""

    marks: dict[str, float]
    """The weight of each mark of `wording.MARKS`."""
    phrases: Terms = {}
    pieces: Terms = {}
    trust: float = 1.0
    """How far later tests of your own have borne it out."""


class Judged(msgspec.Struct, frozen=True):
    """How often the better of two subjects was named, tests cross-validated as wholes.

    `sure` counts only pairs whose tests told them apart (|z| > 2.58). `ceiling` is what one who
    knew the true rates would reach: a test's own chance hides the rest.
    """

    tests: int
    pairs: int
    accuracy: float
    low: float
    high: float
    """The 95 % interval of `accuracy`, tests drawn as wholes."""
    sure_pairs: int
    sure: float
    length: float
    """What the better of "the longer" and "the shorter" would reach."""
    ceiling: float
    sure_ceiling: float
    by_sureness: tuple[tuple[float, float, int], ...] = ()
    """(chance foretold, share that came true, pairs) in groups of rising chance."""


class Reason(msgspec.Struct, frozen=True):
    """Something that speaks for a subject or, below zero, against it, in log-odds."""

    what: str
    weight: float
    kind: Literal["mark", "words"]


class Candidate(msgspec.Struct, frozen=True):
    """One subject: its chance to win a test against all others, and why."""

    subject: str
    chance: float
    reasons: tuple[Reason, ...]
    familiar: float
    """The share of its words that tests have shown."""


class Scored(msgspec.Struct, frozen=True):
    """Candidates, the likeliest winner first, and whether one may be called."""

    candidates: tuple[Candidate, ...]
    called: str
    """The subject that is called the likeliest winner, or ''."""
    why: Why
    sentence: str


class Headlines(msgspec.Struct, frozen=True):
    """Scores subjects. `proven`: on tests that it had not seen it was surely better than chance."""

    layers: tuple[Layer, ...]
    scale: float
    """Log-odds of winning a test for one log-odds of the rate."""
    trained_at: Instant
    tests: int
    """The tests of your own that it has learnt from."""
    proven: bool
    why: str
    learnt_from: str = ""
    """Whose tests the first layer has seen."""
    judged: Judged | None = None
    format: int = FORMAT

    def chance(self, first: str, second: str) -> float:
        """Return the chance that the first subject would beat the second in a test."""
        return _sigmoid(self.scale * (self._score(plain(first)) - self._score(plain(second))))

    def score(self, subjects: Sequence[str]) -> Scored:
        """Return the candidates with chances and reasons; without proof or when close, no winner.

        Raises:
            UsageError: none, or more than twenty.
        """
        if not 0 < len(subjects) <= MOST_CANDIDATES:
            raise UsageError(
                f"{len(subjects)} subjects", where="subjects", mend=f"give 2 to {MOST_CANDIDATES}"
            )
        texts = [plain(subject) for subject in subjects]
        found = [self.contributions(text) for text in texts]
        scores = [self.scale * sum(each.values()) for each in found]
        chances = _shares(
            [score if text else -math.inf for score, text in zip(scores, texts, strict=True)]
        )
        candidates = [
            Candidate(
                subject, chance, _reasons(at, found, texts) if text else (), self._familiar(text)
            )
            for at, (subject, text, chance) in enumerate(zip(subjects, texts, chances, strict=True))
        ]
        ranked = tuple(sorted(candidates, key=lambda each: -each.chance))
        why = self._why(ranked, [plain(each.subject) for each in ranked])
        called = ranked[0].subject if why == "called" else ""
        return Scored(ranked, called, why, self._sentence(why, ranked))

    def contributions(self, text: str) -> dict[tuple[str, str], float]:
        """Return what each mark and word of a plain subject adds to its rate, in log-odds."""
        found = words(text)
        told = marks(text, found)
        added: dict[tuple[str, str], float] = defaultdict(float)
        for layer in self.layers:
            for name, value in told.items():
                added["mark", name] += layer.trust * layer.marks.get(name, 0.0) * value
            for word, value in _of_phrases(layer.phrases, found):
                added["words", word] += layer.trust * value
            for word, value in _of_pieces(layer.pieces, found):
                added["words", word] += layer.trust * value
        return dict(added)

    def files(self) -> dict[str, bytes]:
        """Return what `load` reads: one JSON file."""
        return {FILE: msgspec.json.encode(self)}

    def _score(self, text: str) -> float:
        return sum(self.contributions(text).values())

    def _familiar(self, text: str) -> float:
        found = words(text)
        known = [ENGLISH, *(layer.phrases for layer in self.layers)]
        seen = sum(any(word in each for each in known) for word in found)
        return seen / len(found) if found else 0.0

    def _why(self, ranked: Sequence[Candidate], texts: Sequence[str]) -> Why:
        if not all(texts):
            return "empty"
        if len(texts) == 1:
            return "alone"
        if len(set(texts)) == 1:
            return "same"
        if min(each.familiar for each in ranked) < FAMILIAR_FROM:
            return "unfamiliar"
        if not self.proven:
            return "unproven"
        return "called" if self.chance(*texts[:2]) >= CALLED_AT else "close"

    def _sentence(self, why: Why, ranked: Sequence[Candidate]) -> str:
        first = ranked[0]
        match why:
            case "called":
                return (
                    f"“{first.subject}” is the likeliest winner, with a chance of "
                    f"{first.chance:.0%}; a test will tell."
                )
            case "close":
                return "Too close to call: test it."
            case "unproven":
                return f"Nobody can tell yet: {self.why} Test it."
            case "unfamiliar":
                strange = min(ranked, key=lambda each: each.familiar)
                return f"No test has shown the words of “{strange.subject}” yet: test it."
            case "same":
                return "They say the same: write another one, then test it."
            case "alone":
                return "There is nothing to compare it with: write another one, then test it."
            case "empty":
                return "A subject is empty: write it, or leave it out."


def load(files: Mapping[str, bytes]) -> Headlines:
    """Return the model whose `files()` these are.

    Raises:
        ModelError: the file is missing, damaged, or of a newer format.
    """
    model = read_head(files, FILE, Headlines, where="subject lines", mend="train it again")
    if model.format != FORMAT:
        raise ModelError(
            f"format {model.format} is not {FORMAT}", where="subject lines", mend="train it again"
        )
    return model


@lru_cache(maxsize=1)
def shipped() -> Headlines:
    """Return what comes with Tailorbird: the weights of marks, no words, and no proof for you."""
    return load({FILE: (Path(__file__).parent / "headline_marks.json").read_bytes()})


def _of_phrases(terms: Terms, found: list[str]) -> Iterator[tuple[str, float]]:
    """Yield what each word and pair of words adds."""
    often = {term: 1 + math.log(times) for term, times in phrases(found).items() if term in terms}
    norm = math.sqrt(sum((each * terms[term][0]) ** 2 for term, each in often.items()))
    for term, each in often.items():
        rarity, weight = terms[term]
        yield term, each * rarity * weight / norm


def _of_pieces(terms: Terms, found: list[str]) -> Iterator[tuple[str, float]]:
    """Yield what each word adds by its pieces; one that is in several words is shared out."""
    of = [(piece, word) for piece, word in pieces(found) if piece in terms]
    times = Counter(piece for piece, _ in of)
    often = {piece: (1 + math.log(count)) * terms[piece][0] for piece, count in times.items()}
    norm = math.sqrt(sum(each**2 for each in often.values()))
    for piece, word in of:
        yield word, often[piece] / times[piece] * terms[piece][1] / norm


def _reasons(
    at: int, found: Sequence[Mapping[tuple[str, str], float]], texts: Sequence[str]
) -> tuple[Reason, ...]:
    """Return what sets a candidate apart from the mean of the others, the strongest first."""
    others = [each for place, each in enumerate(found) if place != at]
    if not others:
        return ()
    apart: dict[tuple[str, str], float] = defaultdict(float)
    for kind, what in {key for each in found for key in each}:
        rest = sum(each.get((kind, what), 0.0) for each in others) / len(others)
        told = _LENGTH if kind == "mark" and what.startswith(_LENGTH) else what
        apart[kind, told] += found[at].get((kind, what), 0.0) - rest
    strongest = sorted(apart.items(), key=lambda each: (-abs(each[1]), each[0]))[:MOST_REASONS]
    return tuple(
        Reason(_told(kind, what, at, texts), weight, "mark" if kind == "mark" else "words")
        for (kind, what), weight in strongest
        if abs(weight) >= _WEAKEST
    )


_LENGTH: Final = "its length"
_AMOUNTS: Final = {
    "its number of words": ("more words", "fewer words"),
    _LENGTH: ("longer", "shorter"),
    "the length of its words": ("longer words", "shorter words"),
}


def _told(kind: str, what: str, at: int, texts: Sequence[str]) -> str:
    """Return a mark or a word as it is told: what the subject has more of than others, or less."""
    if kind != "mark":
        return f"“{what}”" if f" {what} " in _spaced(texts[at]) else f"no “{what}”"
    mark = MARKS[what]
    amounts = [mark(text, words(text)) for text in texts]
    rest = (sum(amounts) - amounts[at]) / max(len(amounts) - 1, 1)
    more, less = _AMOUNTS.get(what, (what, f"no {what.removeprefix('an ').removeprefix('a ')}"))
    if what not in _AMOUNTS and 0 < amounts[at] < rest:
        less = f"less of {what}"
    return more if amounts[at] >= rest else less


def _spaced(text: str) -> str:
    return f" {' '.join(words(text))} "


def _shares(scores: Sequence[float]) -> list[float]:
    """Return each one's chance to be the best, in proportion to its odds; at -inf, none."""
    highest = max(scores)
    if highest == -math.inf:
        return [0.0] * len(scores)
    odds = [math.exp(score - highest) for score in scores]
    return [each / sum(odds) for each in odds]


def _sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit)) if logit >= 0 else 1 - 1 / (1 + math.exp(logit))
