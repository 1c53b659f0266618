"""Model cards."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from tailorbird.model_cards import Evened, Lift, Reliability, Tried, Validation
from tailorbird.schema import Scalar


class Measured(msgspec.Struct, frozen=True):
    """One figure of a model beside the naive rule's, with the interval of the difference."""

    name: str
    model: float
    naive: float
    naive_rule: str
    low: float
    high: float


class TraitShare(msgspec.Struct, frozen=True):
    """How much of all that moves people's scores one trait does, and what that trait is."""

    feature: str
    share: float
    words: str
    """The trait as people read it: `days since the last order`."""


class ModelReport(msgspec.Struct, frozen=True):
    """A model card as the pages show it."""

    name: str
    kind: str
    version: int
    trained_at: datetime
    train_from: datetime
    train_until: datetime
    test_from: datetime
    test_until: datetime
    people: int
    features: tuple[str, ...]
    parameters: dict[str, Scalar]
    measures: tuple[Measured, ...]
    serves: bool
    why: str
    algorithm: str = ""
    outcomes: int = 0
    threshold: float | None = None
    calibration: str = ""
    reliability: tuple[Reliability, ...] = ()
    lift: tuple[Lift, ...] = ()
    tried: tuple[Tried, ...] = ()
    validations: tuple[Validation, ...] = ()
    importances: tuple[TraitShare, ...] = ()
    seed: int = 0
    libraries: dict[str, str] = {}
    evened: Evened | None = None
    scores: bool = True
    """Whether anybody is scored: a model of uplift that does not serve has no rule that would."""


class ModelRow(msgspec.Struct, frozen=True):
    """One model in the list: what it predicts, what serves, how that stands."""

    name: str
    target: str
    """Of what nobody defines but a page or a campaign: `clusters`, `uplift`, `subject_lines`."""
    serving: int
    """The version that serves; 0 where none was trained."""
    latest: int
    card: ModelReport | None
    """Of the version that serves."""
    drifts: bool
    """Whether the last look at drift alarms."""
    scheduled: str
    """How often it is trained by itself; '' for only by command."""
    trouble: str = ""
    """Why what is wanted of it cannot be read, or its people not be told, and how to mend that."""


class ModelVersion(msgspec.Struct, frozen=True):
    """One version: how it was judged, and what became of it."""

    version: int
    trained_at: datetime
    serves: bool
    wins: bool
    """Whether it was clearly better than the naive rule; otherwise the rule is what it serves."""
    algorithm: str
    measures: tuple[Measured, ...]
    became: str
    """`first`, `promoted`, `kept` (the champion was), `rolled back`, or '' where nobody spoke."""
    why: str


class ModelTurn(msgspec.Struct, frozen=True):
    """One word on which version serves."""

    version: int
    challenger: int
    how: str
    at: datetime
    author: str
    """Empty where the judgement of a training said so."""
    reason: str


class Drifted(msgspec.Struct, frozen=True):
    """How far one thing moved; it alarms at the limit."""

    kind: str
    name: str
    value: float
    limit: float
    alarm: bool
    says: str
    words: str = ""
    """A trait as people read it; empty of what is no trait."""


class DriftLook(msgspec.Struct, frozen=True):
    """The last look at drift of the version that served then."""

    at: datetime
    version: int
    people: int
    alarm: bool
    why: str
    drifts: tuple[Drifted, ...]


class Spent(msgspec.Struct, frozen=True):
    """Privacy that one release has cost this year, in epsilon."""

    what: str
    epsilon: float
    at: datetime


class LearnedOn(msgspec.Struct, frozen=True):
    """What became of the outcomes that a model learnt by itself since its training."""

    at: datetime
    learnt: int
    version: int
    """That it became and that serves since; 0 where it was not clearly better."""
    why: str


class ModelDetail(msgspec.Struct, frozen=True):
    """One model's page."""

    name: str
    target: str
    serving: int
    latest: int
    card: ModelReport | None
    """Of the version that serves."""
    challenger: ModelReport | None
    """The latest version, where another one serves."""
    versions: tuple[ModelVersion, ...]
    turns: tuple[ModelTurn, ...]
    drift: DriftLook | None
    scheduled: str
    spent: tuple[Spent, ...]
    learnt_on: LearnedOn | None = None
    """The latest day's learning on, of a model that `learns_on`."""
    notes: tuple[str, ...] = ()
    """What its definition names that nobody knows here yet, such as an event that never came."""
    trouble: str = ""
    """As of `ModelRow`: what serves goes on with what was wanted when it was trained."""


class RollBack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which version is to serve, and why; `author` is the key's name where none is said."""

    version: Annotated[int, msgspec.Meta(ge=1, le=2**31)]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
    author: Annotated[str, msgspec.Meta(max_length=200)] = ""


class PersonScore(msgspec.Struct, frozen=True):
    """What a model says of a person, as of when."""

    model: str
    version: int
    value: float
    at: datetime
    kept: bool
    """Whether it is the score that segments see, or was reckoned for this answer."""
    reason: str
    """What moves it most; empty of kept ones."""
    low: float
    """Between this and `high` lies (95 %) what happens to people of whom as much is said."""
    high: float
    unit: Literal["share", "money", "instant", "hour"]
    """What the three are: a probability, minor units of money, seconds since 1970, an hour."""
