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


class Tried(msgspec.Struct, frozen=True):
    """An algorithm that was tried, and how well it did on the window before the test.

    `figure` is AUC, or for a value the share of variance explained; None where it was not tried.
    """

    algorithm: str
    figure: float | None
    settings: str = ""
    why: str = ""
    chosen: bool = False


class ModelCard(msgspec.Struct, frozen=True):
    """What a model is, what it was judged on, and whether it may serve."""

    name: str
    kind: Literal["recommender", "propensity", "clusters"]
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
    algorithm: str = ""
    """What was judged, whether it serves or not."""
    tried: tuple[Tried, ...] = ()
