"""Model cards."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tailorbird.schema import Scalar


class Measured(msgspec.Struct, frozen=True):
    """One figure of a model beside the naive rule's, with the interval of the difference."""

    name: str
    model: float
    naive: float
    naive_rule: str
    low: float
    high: float


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
