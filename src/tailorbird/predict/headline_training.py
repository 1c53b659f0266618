"""Learns from tests of subject lines, and says how well it would have named the winners.

The difference of two subjects' rates, in log-odds, is linear in the difference of their features,
each pair weighed by how exactly it was measured; the chance to win is logistic in it. Weights have
a normal prior: one by one, and along the directions in which words go together (a truncated SVD of
the texts), so that words that were seldom tested borrow from their like. Tests of your own move
what others' tests say only as far as they must.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from tailorbird.errors import ModelError
from tailorbird.predict.effects import sigmoid
from tailorbird.predict.headline_tests import SURE, Pairs, folds, pairs
from tailorbird.predict.headlines import Headlines, Judged, Layer, Terms
from tailorbird.predict.propensity import Bins, Floats
from tailorbird.predict.wording import MARKS, marks, phrases, pieces, words
from tailorbird.schema import Instant

if TYPE_CHECKING:
    import pyarrow as pa

    Sparse = Any

FOLDS: Final = 5
LEAST_PAIRS: Final = 30
PRIOR_SHARE: Final = 0.03
"""Prior variance of a weight, as a share of the variance of true differences."""
TRUST_SPREAD: Final = 0.5
"""By how much what others' tests say may count more, or less, before any own test was seen."""
MARK_SCALE: Final = 0.07
"""How much less a mark's weight may vary than a word's, its spread being one."""
MARK_SCALE_OF_FEW: Final = 0.7
"""As above, of tests that are too few to learn from words."""
DIRECTIONS: Final = 100
DIRECTION_SCALE: Final = 1.5
SUBJECTS_FOR_DIRECTIONS: Final = 1_000
LEAST_IN_PHRASES: Final = 2
LEAST_IN_PIECES: Final = 3
_SCALE_PRIOR: Final = (1.0, 1.0)
_DRAWS: Final = 500
_GROUPS: Final = 5


@dataclass(frozen=True, slots=True)
class Texts:
    """Subjects as counts: marks, phrases and pieces, one row a subject."""

    marks: Floats
    phrases: Sparse
    pieces: Sparse
    phrase_names: list[str]
    piece_names: list[str]
    before: Floats
    """What earlier layers say of each, in log-odds."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """Weights of one layer: marks (a unit), phrases and pieces with how rare each is."""

    marks: Floats
    phrases: tuple[Bins, Floats, Floats]
    pieces: tuple[Bins, Floats, Floats]
    trust: float
    """By how much what earlier layers say counts more, or less."""


def fit(
    tests: pa.Table,
    *,
    prior: Headlines | None = None,
    now: Instant = 0,
    seed: int = 0,
    learnt_from: str = "",
) -> Headlines:
    """Return the model of these tests (test, subject, people, wins), beginning from a prior.

    It is proven where the interval of its accuracy on tests that it had not seen lies above one
    half; else `why` says what is missing, and it calls no winner.

    Raises:
        ModelError: a column is missing, counts do not fit, or the extra `learn` is not installed.
    """
    found = pairs(tests)
    layers = prior.layers if prior else ()
    source = learnt_from or (prior.learnt_from if prior else "")
    if len(found.z) < LEAST_PAIRS:
        why = f"only {len(found.z)} pairs of subjects were tested, {LEAST_PAIRS} are needed."
        scale = prior.scale if prior else 1.0
        return Headlines(layers, scale, now, found.tests, False, why, source)
    texts = texts_of(found.subjects, layers)
    rng = np.random.default_rng(seed)
    score = unseen(texts, found, folds(found, FOLDS, rng), rng)
    judged = judged_on(found, texts, score, rng)
    fitted = _fit(texts, found, np.arange(len(found.z)), rng)
    earlier = [msgspec.structs.replace(one, trust=one.trust * (1 + fitted.trust)) for one in layers]
    return Headlines(
        layers=(*earlier, _layer(texts, fitted)),
        scale=_scale(score, found.won),
        trained_at=now,
        tests=found.tests,
        proven=judged.low > 0.5,
        why=_why(judged),
        learnt_from=source,
        judged=judged,
    )


def cross_validated(
    tests: pa.Table,
    *,
    prior: Headlines | None = None,
    seed: int = 0,
    parts: int = FOLDS,
    share_subjects: bool = False,
) -> Judged:
    """Return how often winners are named in tests that were not seen.

    With `share_subjects`, a subject of an unseen test may have been seen in another; otherwise
    tests that share one are left out together.
    """
    found = pairs(tests)
    rng = np.random.default_rng(seed)
    texts = texts_of(found.subjects, prior.layers if prior else ())
    fold = folds(found, parts, rng, share_subjects=share_subjects)
    return judged_on(found, texts, unseen(texts, found, fold, rng), rng)


def _why(judged: Judged) -> str:
    figures = (
        f"of {judged.pairs:,} pairs in tests that it had not seen it named the winner of "
        f"{judged.accuracy:.1%} (95 % interval {judged.low:.1%} to {judged.high:.1%}; "
        f"one who knew the truth would reach {judged.ceiling:.0%})"
    )
    if judged.low > 0.5:
        return f"it does better than chance: {figures}."
    return f"it is not clearly better than chance: {figures}."


def texts_of(subjects: Sequence[str], layers: Sequence[Layer]) -> Texts:
    """Return the counts of subjects.

    Raises:
        ModelError: the extra `learn` is not installed.
    """
    found = [words(text) for text in subjects]
    told = [marks(text, each) for text, each in zip(subjects, found, strict=True)]
    before = Headlines(tuple(layers), 1.0, 0, 0, False, "")
    by_phrase, phrase_names = _counted([phrases(each) for each in found])
    by_piece, piece_names = _counted([Counter(piece for piece, _ in pieces(w)) for w in found])
    return Texts(
        marks=np.array([[each.get(name, 0.0) for name in MARKS] for each in told]).reshape(
            len(subjects), len(MARKS)
        ),
        phrases=by_phrase,
        pieces=by_piece,
        phrase_names=phrase_names,
        piece_names=piece_names,
        before=np.array([sum(before.contributions(text).values()) for text in subjects]),
    )


def _counted(rows: Sequence[Counter[str]]) -> tuple[Sparse, list[str]]:
    """Return 1 + log of how often each name is in each row, and the names."""
    try:
        from scipy import sparse
    except ImportError as error:
        raise ModelError(
            "the learning libraries are not installed",
            where="subject lines",
            mend="install tailorbird[learn]; scoring needs none of them",
        ) from error
    names: dict[str, int] = {}
    places, values, ends = [], [], [0]
    for row in rows:
        places += [names.setdefault(name, len(names)) for name in row]
        values += [1 + math.log(count) for count in row.values()]
        ends.append(len(places))
    shape = (len(rows), max(len(names), 1))
    return sparse.csr_matrix((values, places, ends), shape=shape, dtype=np.float64), list(names)


def _weighed(counts: Sparse, seen: Bins, least: int) -> tuple[Sparse, Bins, Floats]:
    """Return TF-IDF rows of length one, the columns kept, and how rare each is among `seen`."""
    from scipy import sparse

    within = np.bincount(counts[seen].indices, minlength=counts.shape[1])
    kept = np.flatnonzero(within >= least)
    rarity = np.log((1 + len(seen)) / (1 + within[kept])) + 1
    rows = counts[:, kept] @ sparse.diags(rarity)
    return sparse.diags(1 / _lengths(rows)) @ rows, kept, rarity


def _lengths(rows: Sparse) -> Floats:
    norm = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return np.asarray(np.maximum(norm, 1e-12))


def _directions(rows: Sparse, rng: np.random.Generator) -> Floats:
    """Return the directions in which features go together: a randomized SVD (Halko et al. 2011)."""
    width = min(DIRECTIONS + 10, min(rows.shape))
    sketch = rows @ rng.normal(size=(rows.shape[1], width))
    for _ in range(3):
        sketch = np.linalg.qr(rows @ (rows.T @ sketch))[0]
    _, _, found = np.linalg.svd(np.asarray((rows.T @ sketch).T), full_matrices=False)
    return np.asarray(found[:DIRECTIONS].T)


def _fit(texts: Texts, found: Pairs, use: Bins, rng: np.random.Generator) -> Fitted:
    """Return the weights that the pairs at `use` teach; nothing else is looked at."""
    from scipy import sparse
    from threadpoolctl import threadpool_limits

    seen = np.unique(np.concatenate([found.first[use], found.second[use]]))
    by_phrase, phrase_at, phrase_rarity = _weighed(texts.phrases, seen, LEAST_IN_PHRASES)
    by_piece, piece_at, piece_rarity = _weighed(texts.pieces, seen, LEAST_IN_PIECES)
    varies = texts.marks[seen].std(axis=0)
    many = len(seen) >= SUBJECTS_FOR_DIRECTIONS
    scale = MARK_SCALE if many else MARK_SCALE_OF_FEW
    unit = np.where(varies > 0, scale / np.where(varies > 0, varies, 1), 0.0)
    rows = sparse.hstack([by_phrase, by_piece]).tocsr()
    spread = found.spread(use, texts.before)
    trust = TRUST_SPREAD / math.sqrt(PRIOR_SHARE * spread)
    before = sparse.csr_matrix(texts.before[:, None] * trust)
    parts = [rows, sparse.csr_matrix(texts.marks * unit), before]
    with threadpool_limits(1):
        shared = np.zeros((rows.shape[1], 0))
        if many:
            shared = DIRECTION_SCALE * _directions(rows[seen], rng)
            parts.append(sparse.csr_matrix(rows @ shared))
        learnt = _ridge(sparse.hstack(parts).tocsr(), found, use, texts.before, spread)
    wide = rows.shape[1]
    weights = learnt[:wide] + shared @ learnt[wide + len(MARKS) + 1 :]
    cut = len(phrase_at)
    return Fitted(
        marks=learnt[wide : wide + len(MARKS)] * unit,
        phrases=(phrase_at, phrase_rarity, weights[:cut]),
        pieces=(piece_at, piece_rarity, weights[cut:]),
        trust=float(learnt[wide + len(MARKS)]) * trust,
    )


def _ridge(design: Sparse, found: Pairs, use: Bins, before: Floats, spread: float) -> Floats:
    """Return the weights of least squares in log-odds, beyond what earlier layers say.

    A pair counts by the variance of its difference; those of one test share its arms, and count
    less each.
    """
    from scipy import sparse
    from scipy.sparse.linalg import lsqr

    first, second = found.first[use], found.second[use]
    beyond = found.gap[use] - (before[first] - before[second])
    share = 1 / np.sqrt(np.bincount(found.test)[found.test[use]])
    weight = np.sqrt(share / share.mean() / (found.variance[use] + spread))
    apart = sparse.diags(weight) @ (design[first] - design[second])
    damp = 1 / math.sqrt(PRIOR_SHARE * spread)
    return np.asarray(lsqr(apart, weight * beyond, damp=damp)[0])


def _scores(texts: Texts, fitted: Fitted) -> Floats:
    """Return every subject's score, in the same way as the layer that is kept would give it."""
    score = texts.before * (1 + fitted.trust) + texts.marks @ fitted.marks
    for counts, (kept, rarity, weights) in (
        (texts.phrases, fitted.phrases),
        (texts.pieces, fitted.pieces),
    ):
        rows = counts[:, kept].multiply(rarity).tocsr()
        score = score + (rows @ weights) / _lengths(rows)
    return np.asarray(score)


def unseen(texts: Texts, found: Pairs, fold: Bins, rng: np.random.Generator) -> Floats:
    """Return each pair's difference of scores, by a model that has seen nothing of its fold."""
    apart = np.zeros(len(fold))
    for one in np.unique(fold):
        held = fold == one
        if held.any() and not held.all():
            score = _scores(texts, _fit(texts, found, np.flatnonzero(~held), rng))
            apart[held] = (score[found.first] - score[found.second])[held]
    return apart


def _scale(score: Floats, won: Floats) -> float:
    """Return the log-odds of one unit of score, by pairs that were not seen (Platt), drawn to 1."""
    middle, spread = _SCALE_PRIOR
    scale = middle
    for _ in range(50):
        share = sigmoid(scale * score)
        slope = score @ (won - share) - (scale - middle) / spread**2
        bend = (score**2) @ (share * (1 - share)) + 1 / spread**2
        scale += float(slope / bend)
    return max(float(scale), 0.05)


def _layer(texts: Texts, fitted: Fitted) -> Layer:
    def terms(names: Sequence[str], learnt: tuple[Bins, Floats, Floats]) -> Terms:
        rows = zip(*(each.tolist() for each in learnt), strict=True)
        return {names[at]: (round(rarity, 4), round(weight, 5)) for at, rarity, weight in rows}

    weights = zip(MARKS, fitted.marks.tolist(), strict=True)
    return Layer(
        {name: round(weight, 5) for name, weight in weights if weight},
        terms(texts.phrase_names, fitted.phrases),
        terms(texts.piece_names, fitted.pieces),
    )


def judged_on(found: Pairs, texts: Texts, score: Floats, rng: np.random.Generator) -> Judged:
    """Return how often these scores name the winner, and what anybody could reach."""
    if not len(found.z):
        return Judged(0, 0, 0.5, 0.0, 1.0, 0, 0.5, 0.5, 0.5, 0.5)
    right = named(score, found)
    sure = np.abs(found.z) > SURE
    length = texts.marks[:, list(MARKS).index("its length")]
    longer = named(length[found.first] - length[found.second], found)
    ceiling = found.ceiling()
    low, high = _interval(right, found.test, rng)
    return Judged(
        tests=found.tests,
        pairs=len(right),
        accuracy=float(right.mean()),
        low=low,
        high=high,
        sure_pairs=int(sure.sum()),
        sure=float(right[sure].mean()) if sure.any() else 0.5,
        length=max(float(longer.mean()), 1 - float(longer.mean())),
        ceiling=float(ceiling.mean()),
        sure_ceiling=float(ceiling[sure].mean()) if sure.any() else 0.5,
        by_sureness=_by_sureness(sigmoid(_scale(score, found.won) * score), found),
    )


def named(score: Floats, found: Pairs) -> Floats:
    """Return 1 where the score names the winner, one half where it cannot tell."""
    return np.where(score == 0, 0.5, (np.sign(score) == np.sign(found.z)).astype(np.float64))


def _interval(right: Floats, test: Bins, rng: np.random.Generator) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the share of pairs, tests drawn as wholes."""
    number = np.unique(test, return_inverse=True)[1]
    pairs_of = np.bincount(number).astype(np.float64)
    right_of = np.bincount(number, right)
    drawn = rng.integers(0, len(pairs_of), (_DRAWS, len(pairs_of)))
    shares = right_of[drawn].sum(axis=1) / pairs_of[drawn].sum(axis=1)
    low, high = np.quantile(shares, [0.025, 0.975])
    return float(low), float(high)


def _by_sureness(chance: Floats, found: Pairs) -> tuple[tuple[float, float, int], ...]:
    foretold = np.maximum(chance, 1 - chance)
    right = np.where(chance >= 0.5, found.won, 1 - found.won)
    groups = np.array_split(np.argsort(foretold, kind="stable"), _GROUPS)
    return tuple(
        (float(foretold[one].mean()), float(right[one].mean()), len(one))
        for one in groups
        if len(one)
    )


def marks_alone(tests: pa.Table, *, now: Instant = 0, seed: int = 0, learnt_from: str) -> Headlines:
    """Return a model that learns nothing but marks from these tests, so that it holds no text."""
    found = pairs(tests)
    texts = texts_of(found.subjects, ())
    empty = texts.phrases[:, :0]
    texts = replace(texts, phrases=empty, pieces=empty, phrase_names=[], piece_names=[])
    rng = np.random.default_rng(seed)
    score = unseen(texts, found, folds(found, FOLDS, rng), rng)
    judged = judged_on(found, texts, score, rng)
    layer = _layer(texts, _fit(texts, found, np.arange(len(found.z)), rng))
    why = "none of your own tests has shown that it names winners."
    return Headlines((layer,), _scale(score, found.won), now, 0, False, why, learnt_from, judged)
