"""The alternative that an author may force: alternating least squares, and its fusion with items.

Each item is a short vector learnt by `implicit` (Hu, Koren and Volinsky 2008). People are folded in
from their histories when they are ranked, so that strangers of the fit have vectors too.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tailorbird.errors import ModelError
from tailorbird.recommend.collaborative import held
from tailorbird.recommend.interactions import Floats, History, Ints, Singles
from tailorbird.recommend.parameters import Parameters

NO_FACTORS: Final[Singles] = np.zeros((0, 0), np.float32)
REGULARISATION: Final = 0.05
_ITERATIONS: Final = 10
_SMOOTH: Final = 60.0
_DEEP: Final = 200


def wanted(parameters: Parameters) -> bool:
    """Return whether these parameters rank by factors, alone or fused."""
    return parameters.neighbours in {"als", "fused"}


def learn(
    history: History, items: int, parameters: Parameters, rng: np.random.Generator
) -> Singles:
    """Return items x factors, or no factors where they are not wanted or nothing is known.

    Raises:
        ModelError: implicit is not installed.
    """
    if not wanted(parameters) or items < 2 or not len(history.item):
        return NO_FACTORS
    try:
        from implicit.cpu.als import AlternatingLeastSquares
        from scipy.sparse import csr_matrix
        from threadpoolctl import threadpool_limits
    except ImportError as error:
        raise ModelError(
            "ALS needs the library implicit, which is not installed",
            where="recommender",
            mend="install implicit, or leave the algorithm to the validation window",
        ) from error
    with threadpool_limits(1, "blas"):
        model: Any = AlternatingLeastSquares(
            factors=parameters.factors,
            regularization=REGULARISATION,
            alpha=parameters.confidence,
            iterations=_ITERATIONS,
            num_threads=1,
            random_state=int(rng.integers(1, 2**31)),
        )
        model.fit(csr_matrix(held(history, items, parameters, rng)), show_progress=False)
    return np.asarray(model.item_factors, np.float32)


def scores(factors: Singles, owner: Ints, item: Ints, confidence: Floats, people: int) -> Floats:
    """Return people x items: what factors say of each item, about 1 where they are sure.

    The past is (owner, item, confidence), sorted by owner. A person's vector solves
    (Y'Y + Y'CY + r) x = Y'(1 + C) with C the confidence in the past.
    """
    whole = factors.T @ factors + REGULARISATION * np.eye(factors.shape[1], dtype=np.float32)
    start = np.searchsorted(owner, np.arange(people + 1))
    vectors = np.zeros((people, factors.shape[1]), np.float32)
    for person in np.flatnonzero(np.diff(start)):
        rows = slice(start[person], start[person + 1])
        had, trust = factors[item[rows]], confidence[rows]
        matrix = whole + (had * trust[:, None].astype(np.float32)).T @ had
        vectors[person] = np.linalg.solve(matrix, had.T @ (1 + trust))
    return (vectors @ factors.T).astype(np.float64)


def because(factors: Singles, owner: Ints, item: Ints, taste: Floats, best: Ints) -> Ints:
    """Return for each cell of `best` the item of the past most like it, weighed by taste, or -1."""
    start = np.searchsorted(owner, np.arange(len(best) + 1))
    found = np.full(best.shape, -1)
    for person in np.flatnonzero(np.diff(start)):
        rows = slice(start[person], start[person + 1])
        shares = factors[best[person]] @ (factors[item[rows]] * taste[rows, None]).T
        strongest = shares.argmax(axis=1)
        sure = shares[np.arange(len(strongest)), strongest] > 0
        found[person] = np.where(sure, item[rows][strongest], -1)
    return found


def fused(*rankings: Floats) -> Floats:
    """Return the reciprocal rank fusion of scores people x items, 1 for who is first in all.

    Only scores above zero count, and of them the first 200 (Cormack, Clarke and Buettcher 2009).
    """
    total = np.zeros(rankings[0].shape)
    for found in rankings:
        deep = min(_DEEP, found.shape[1])
        best = np.argsort(-found, axis=1, kind="stable")[:, :deep]
        gain: npt.NDArray[np.float64] = (_SMOOTH + 1) / (_SMOOTH + 1 + np.arange(deep))
        gains = np.where(np.take_along_axis(found, best, axis=1) > 0, gain, 0.0)
        np.put_along_axis(total, best, np.take_along_axis(total, best, axis=1) + gains, axis=1)
    return total / len(rankings)
