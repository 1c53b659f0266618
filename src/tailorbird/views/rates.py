"""Rates of few trials, drawn towards a mean: estimates, and marked as such."""

from __future__ import annotations

import msgspec

from tailorbird.schema import PersonId


class PersonRate(msgspec.Struct, frozen=True):
    """What one person did with her mails. `own_weight` says how much of `estimate` is her own."""

    person: PersonId
    sent: int
    hits: int
    rate: float
    estimate: float
    own_weight: float


class SegmentRates(msgspec.Struct, frozen=True):
    """The mean of a segment, and rates of some of its people, drawn towards it.

    `counts_as` is as how many mails the mean counts beside one's own; None where nobody differs
    beyond chance, and everybody is thought to be at the mean.
    """

    segment: str
    of: str
    people: int
    sent: int
    hits: int
    mean: float
    counts_as: float | None
    estimated: str
    """Says that these are estimates, and of what kind."""
    rates: tuple[PersonRate, ...]
