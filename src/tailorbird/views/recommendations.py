"""What people are recommended, by which rules, and what that is worth."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tailorbird.recommender_cards import ExposureAudit, ReportSection


class Recommended(msgspec.Struct, frozen=True):
    """A product in its place, with why it is there and how likely this person buys it.

    `reason_code` is `repeat`, `viewed`, `related`, `popular`, `pair` (a rule) or `new`; `because`
    the product that it goes with. `recommendation_score` is None where no probability was learnt.
    """

    rank: int
    item: str
    name: str
    category: str
    price_minor: int
    currency: str
    url: str
    image: str
    reason: str
    reason_code: str
    because: str
    score: float
    recommendation_score: float | None = None


class Answer(msgspec.Struct, frozen=True):
    """What one person, or one session of a guest, is recommended at an instant."""

    products: tuple[Recommended, ...]
    rules: str
    rules_version: int
    """0 where nobody wrote them."""
    model_version: int
    """0 where none has been trained: nothing is recommended."""
    made_of: str
    """A sentence: whose history, and which model."""
    at: datetime
    person: int | None = None
    session: str = ""
    horizon_days: int = 0
    """Within how many days she buys it with the probability that is said."""


class RuleSet(msgspec.Struct, frozen=True):
    """Rules of recommendation as they stand, and how many products pass them now.

    Of rules that cannot be read nothing is said but `trouble`, and no product passes.
    """

    name: str
    version: int
    description: str
    says: tuple[str, ...]
    """What they ask, in words."""
    products: int
    allowed: int
    used_by: tuple[str, ...]
    text: str
    trouble: str = ""
    """Why they cannot be read, and how that is mended; until then what uses them waits."""


class RulesTrial(msgspec.Struct, frozen=True):
    """What rules would do; nothing is kept."""

    name: str
    version: int
    products: int
    allowed: int


class ScoreWorth(msgspec.Struct, frozen=True):
    """What the probabilities are worth on the test window, beside one rate for everything."""

    horizon_days: int
    shown: int
    rate: float
    error: float
    error_of_rate: float
    log_loss: float
    log_loss_of_rate: float
    isotonic: bool


class RecommenderReport(msgspec.Struct, frozen=True):
    """What the recommender that serves was worth on its last window.

    `version` is 0 and there are no sections where none was judged; `why` says so.
    """

    version: int
    serves: bool
    why: str
    after: datetime | None = None
    until: datetime | None = None
    people: int = 0
    sections: tuple[ReportSection, ...] = ()
    scores: ScoreWorth | None = None


class ExposureReport(msgspec.Struct, frozen=True):
    """How what people would be shown now is spread over the products that may be shown."""

    rules: str
    rules_version: int
    people: int
    products: int
    shown: int
    gini: float
    ndcg: float
    """Of what is shown, by the model's own scores: 1 where no rule of exposure moved anything."""
    audits: tuple[ExposureAudit, ...]
    waits: str = ""
    """Why nothing is lifted yet, or by what was worked out before; '' where neither is so."""
