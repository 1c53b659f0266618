"""What people are recommended, by which rules, and what that is worth."""

from __future__ import annotations

from datetime import datetime

import msgspec


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
    """Rules of recommendation as they stand, and how many products pass them now."""

    name: str
    version: int
    description: str
    says: tuple[str, ...]
    """What they ask, in words."""
    products: int
    allowed: int
    used_by: tuple[str, ...]
    text: str


class RulesTrial(msgspec.Struct, frozen=True):
    """What rules would do; nothing is kept."""

    name: str
    version: int
    products: int
    allowed: int


class BesideRule(msgspec.Struct, frozen=True):
    """A naive rule's value, and the 95 % interval of the model's less it."""

    rule: str
    value: float
    low: float
    high: float


class ReportFigure(msgspec.Struct, frozen=True):
    """One figure with its 95 % interval."""

    name: str
    value: float
    low: float
    high: float
    beside: tuple[BesideRule, ...]


class ReportSection(msgspec.Struct, frozen=True):
    """Figures of some people, or of some of what they bought."""

    by: str
    value: str
    people: int
    figures: tuple[ReportFigure, ...]


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


class ExposureShare(msgspec.Struct, frozen=True):
    """What one value gets of what is shown, beside its target."""

    value: str
    products: int
    share: float
    low: float
    high: float
    target: float
    too_little: bool


class ExposureAudit(msgspec.Struct, frozen=True):
    """Shares by one attribute; `declared`: the targets are the author's."""

    by: str
    at_least: float
    declared: bool
    shares: tuple[ExposureShare, ...]


class ExposureReport(msgspec.Struct, frozen=True):
    """How what people would be shown now is spread over the products that may be shown."""

    rules: str
    rules_version: int
    people: int
    products: int
    shown: int
    gini: float
    audits: tuple[ExposureAudit, ...]
