"""The overview, and what every page needs."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from tailorbird.views.models import ModelReport
from tailorbird.views.results import CampaignResult
from tailorbird.views.segments import SegmentSize


class Status(msgspec.Struct, frozen=True):
    """What every page needs: whose shop this is, what time it is there, how fresh the facts are."""

    version: str
    shop: str
    currency: str
    now: datetime
    demo: bool
    notice: str = ""
    """The sentence that every page carries in a demo; empty otherwise."""
    log_offset: int = 0
    facts_offset: int = 0
    """The facts are complete up to here; behind `log_offset` while events are being taken in."""


class Totals(msgspec.Struct, frozen=True):
    """The figures at the top of the overview."""

    people: int = 0
    events: int = 0
    products: int = 0
    orders: int = 0
    returns: int = 0
    revenue_minor: int = 0
    """Value of the orders, less that of the returns."""
    sends: int = 0
    human_opens: int = 0
    machine_opens: int = 0
    human_clicks: int = 0
    machine_clicks: int = 0
    unsubscribes: int = 0
    bounces: int = 0
    purchases: int = 0
    """Orders by people within seven days after a mail to them; it claims no cause."""


class Period(msgspec.Struct, frozen=True):
    """One bar of a chart over time: a day, a week or a month that starts on `start`."""

    start: str
    events: int
    orders: int
    revenue_minor: int


class Activity(msgspec.Struct, frozen=True):
    """Events over time, in periods of one length without gaps."""

    unit: Literal["day", "week", "month"]
    periods: tuple[Period, ...]


class Overview(msgspec.Struct, frozen=True):
    """The first page."""

    totals: Totals
    activity: Activity
    segments: tuple[SegmentSize, ...]
    models: tuple[ModelReport, ...]
    campaign: CampaignResult | None
