"""Rates of few trials, drawn towards the mean: one open of one mail is no open rate of 100 %.

Empirical Bayes on the beta-binomial. How much people differ beyond chance is estimated from the
spread of their own rates by moments, weighted by trials (Kleinman, JASA 68, 1973); the rate shown
is that of the mean and of her own trials, each in its weight. It is an estimate, and marked so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec
import numpy as np

from tailorbird.ports import Facts
from tailorbird.schema import Instant, Names, PersonId
from tailorbird.traits.extract import touched

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    Numbers = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

Of: TypeAlias = Literal["opened", "clicked"]
EVENTS: Final[dict[Of, str]] = {"opened": Names.EMAIL_OPENED, "clicked": Names.EMAIL_CLICKED}


class Prior(msgspec.Struct, frozen=True):
    """The mean of all, and as how many trials it counts beside one's own.

    `strength` is endless where people do not differ beyond chance, or nobody had two trials.
    """

    mean: float
    strength: float

    def shrunken(self, hits: Numbers, trials: Numbers) -> Floats:
        """Return each rate, drawn towards the mean; the mean itself where there was no trial."""
        if math.isinf(self.strength):
            return np.full(len(trials), self.mean)
        drawn = (hits + self.mean * self.strength) / np.maximum(trials + self.strength, 1e-12)
        return np.asarray(np.where(trials + self.strength > 0, drawn, self.mean))

    def own_weight(self, trials: Numbers) -> Floats:
        """Return how much of each rate rests on one's own trials, from 0 to 1."""
        if math.isinf(self.strength):
            return np.zeros(len(trials))
        return np.asarray(trials / np.maximum(trials + self.strength, 1e-12))


def prior(hits: Numbers, trials: Numbers) -> Prior:
    """Return the mean rate, and how strongly it draws, by the spread of the rates themselves."""
    there = trials > 0
    hits, trials = hits[there], trials[there]
    total = int(trials.sum())
    mean = float(hits.sum()) / total if total else 0.0
    chance = mean * (1 - mean)
    rest = 1 - trials / max(total, 1)
    repeated = float((rest * (trials - 1)).sum())
    if not chance or not repeated:
        return Prior(mean, math.inf)
    spread = float((trials * (hits / trials - mean) ** 2).sum()) / chance
    alike = (spread - float(rest.sum())) / repeated
    if alike <= 0:
        return Prior(mean, math.inf)
    return Prior(mean, max(1 / alike - 1, 0.0))


def mail_rates(
    facts: Facts, people: Sequence[PersonId], *, of: Of, as_of: Instant
) -> tuple[Prior, pa.Table]:
    """Return the prior, and what each of these people did with the mails that she was sent.

    Columns: person, sent, hits (mails, each once, machines left out), rate, shrunken, own_weight.
    Who was sent nothing is left out.
    """
    import pyarrow as pa

    bound = (Names.EMAIL_SENT, EVENTS[of], as_of)
    rows = facts.read(_MAILS, bound, {"asked": touched(people)})
    trials = np.asarray(rows["sent"].to_numpy(), np.int64)
    hits = np.asarray(rows["hits"].to_numpy(), np.int64)
    found = prior(hits, trials)
    columns = {
        "rate": hits / np.maximum(trials, 1),
        "shrunken": found.shrunken(hits, trials),
        "own_weight": found.own_weight(trials),
    }
    for name, values in columns.items():
        rows = rows.append_column(name, pa.array(values, pa.float64()))
    return found, rows


_MAILS: Final = """
SELECT s.person, COUNT(*) AS sent, COUNT(h.send_id) AS hits FROM (
    SELECT DISTINCT person, send_id FROM facts
    WHERE event = $1 AND "at" <= $3 AND person IN (SELECT person FROM asked)
) AS s LEFT JOIN (
    SELECT DISTINCT person, send_id FROM facts
    WHERE event = $2 AND NOT machine AND "at" <= $3 AND person IN (SELECT person FROM asked)
) AS h ON h.person = s.person AND h.send_id = s.send_id
GROUP BY s.person ORDER BY s.person
"""
