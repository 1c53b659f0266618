"""What is known of recommendations: figures beside the naive rules', and who gets to be seen."""

from __future__ import annotations

import msgspec


class BesideRule(msgspec.Struct, frozen=True):
    """A naive rule's value, and the 95 % interval of the model's less it."""

    rule: str
    value: float
    low: float
    high: float


class ReportFigure(msgspec.Struct, frozen=True):
    """One figure of the model with its 95 % interval, beside the naive rules."""

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


class ExposureShare(msgspec.Struct, frozen=True):
    """What one value gets of all that is shown, with its 95 % interval, beside its target."""

    value: str
    products: int
    """How many of it may be shown."""
    share: float
    low: float
    high: float
    target: float
    too_little: bool
    """Whether even the high end is less than the asked part of the target."""
    before: float = 0.0
    """Its share where no rule of exposure moved anything."""


class ExposureAudit(msgspec.Struct, frozen=True):
    """Shares of exposure by one attribute; `declared`: the targets are the author's."""

    by: str
    at_least: float
    declared: bool
    shares: tuple[ExposureShare, ...]
    steered: bool = False
    """Whether places are kept for values that would get too little."""
