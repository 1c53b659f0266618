"""What is known of a model: its figures beside the naive rule's, and whether it may serve."""

from __future__ import annotations

from typing import Literal

import msgspec

from tailorbird.schema import Instant, Scalar


class Measure(msgspec.Struct, frozen=True):
    """One figure of a model beside the naive rule's, on the same test window."""

    name: str
    model: float
    naive: float
    naive_rule: str
    low: float
    """Lower end of the 95 % interval of `model - naive`."""
    high: float

    def interval(self, digits: int = 3) -> str:
        """Return the interval in words, with so many digits after the point.

        >>> Measure("auc", 0.8, 0.7, "recency", 0.08, 0.12).interval()
        '95 % interval of the difference +0.080 to +0.120'
        """
        low, high = (f"{end:+.{digits}f}" for end in (self.low, self.high))
        return f"95 % interval of the difference {low} to {high}"


class Tried(msgspec.Struct, frozen=True):
    """An algorithm that was tried, and how well it did on the window before the test.

    `figure` is AUC, or for a value the share of variance explained; None where it was not tried.
    """

    algorithm: str
    figure: float | None
    settings: str = ""
    why: str = ""
    chosen: bool = False


class Reliability(msgspec.Struct, frozen=True):
    """A tenth of the people by what was said of them: what was said, and what happened."""

    said: float
    happened: float
    people: int


class Lift(msgspec.Struct, frozen=True):
    """A tenth of the people, the highest ranked first: how much more happened there than overall.

    `captured` is the share of all outcomes (or of all value) in this tenth and those above it.
    """

    tenth: int
    people: int
    rate: float
    lift: float
    captured: float


class Validation(msgspec.Struct, frozen=True):
    """How well the model seems to do when validated one way, and how far that is from the truth.

    `bias` is the figure less that of the last window, which no fold has seen.
    """

    kind: Literal["time", "window before", "stratified folds", "folds of people"]
    figure: float
    bias: float


class Importance(msgspec.Struct, frozen=True):
    """How much of all that moves people's scores one trait does."""

    feature: str
    share: float


class EvenedGroup(msgspec.Struct, frozen=True):
    """What a model does to one group of the last window, evened out and as it would be without."""

    group: str
    people: int
    outcome_rate: float
    chosen_before: float
    """Share of the group that is chosen where rows count alike; as many are chosen in all."""
    chosen: float
    found_before: float | None
    """Share of those with the outcome who are chosen; None where nobody had it."""
    found: float | None


class Evened(msgspec.Struct, frozen=True):
    """How near the groups of a trait came, by weighing the rows that a model is taught."""

    trait: str
    groups: tuple[EvenedGroup, ...]
    ratio_before: float
    """Of the least chosen to the most chosen group."""
    ratio: float
    why: str


class ModelCard(msgspec.Struct, frozen=True):
    """What a model is, what it was judged on, and whether it may serve."""

    name: str
    kind: Literal[
        "recommender", "propensity", "clusters", "value", "next_order", "send_hour",
        "subject_lines", "uplift",
    ]  # fmt: skip
    version: int
    trained_at: Instant
    train_window: tuple[Instant, Instant]
    test_window: tuple[Instant, Instant]
    people: int
    features: tuple[str, ...]
    parameters: dict[str, Scalar]
    measures: tuple[Measure, ...]
    serves: bool
    why: str
    """One sentence: why it serves, or why the naive rule serves instead."""
    scores: bool = True
    """Whether anybody is scored; not where too few people are known even for a rule."""
    algorithm: str = ""
    """What was judged, whether it serves or not."""
    tried: tuple[Tried, ...] = ()
    outcomes: int = 0
    """How many of the people of the test window had the outcome."""
    threshold: float | None = None
    """Where a yes begins: the highest F1 on the window before the test."""
    calibration: str = ""
    """Whether what is said was mended, and how much that gained on later windows."""
    reliability: tuple[Reliability, ...] = ()
    lift: tuple[Lift, ...] = ()
    validations: tuple[Validation, ...] = ()
    importances: tuple[Importance, ...] = ()
    seed: int = 0
    libraries: dict[str, str] = {}
    """The versions of what it was trained with."""
    evened: Evened | None = None
    """Of a model with a `fair`: its groups before and after."""
    learnt_until: Instant = 0
    """Up to when it learnt on from single outcomes after its training; 0 where it did not."""


class FairGroup(msgspec.Struct, frozen=True):
    """What a model does to one group of people."""

    group: str
    people: int
    selection_rate: float
    """Share whose probability reaches the threshold."""
    found: float | None
    """Share of those with the outcome whose probability does; None where nobody had it."""
    mean_probability: float
    outcome_rate: float


class FairnessReport(msgspec.Struct, frozen=True):
    """A model's figures by group on the latest window, chosen from a threshold of probability."""

    trait: str
    threshold: float
    groups: tuple[FairGroup, ...]
    selection_ratio: float
    """Of the least chosen to the most chosen group."""
    odds_gap: float
    """Largest difference between groups of the shares found, or wrongly chosen."""
    calibration_gap: float
    """Largest distance in a group between what is said and what came."""
    why: str


def only_people(count: int) -> str:
    """Return how a sentence begins that says that too few people did something.

    >>> only_people(0), only_people(1), only_people(12)
    ('Nobody', 'Only 1 person', 'Only 12 people')
    """
    return {0: "Nobody", 1: "Only 1 person"}.get(count, f"Only {count} people")
