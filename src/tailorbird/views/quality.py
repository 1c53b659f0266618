"""How good the data is: what it is made of, what is odd about it, and how each oddity is mended."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

Level = Literal["alarm", "warning", "note"]
Area = Literal["arrivals", "contacts", "events", "imports", "orders", "people", "plan", "traits"]


class Finding(msgspec.Struct, frozen=True):
    """One verdict: what, how many, how to mend it. An alarm is new; a note may be as it should."""

    level: Level
    area: Area
    what: str
    count: int
    mend: str


class FieldProfile(msgspec.Struct, frozen=True):
    """What one trait (of people) or one property (of events of one name) is filled with."""

    of: str
    """The event; empty for a trait."""
    name: str
    among: int
    """People or events that could have it."""
    filled: int
    share: float
    texts: int = 0
    numbers: int = 0
    booleans: int = 0
    distinct: int = 0
    """Different values; about, where there are many."""
    low: float | None = None
    high: float | None = None
    sealed: bool = False
    """A personal field: only whether it is there was looked at, in a sample of `among` people."""


class Outlier(msgspec.Struct, frozen=True):
    """An order that is far from all others."""

    order_id: str
    value_minor: int
    at: datetime
    position: str


class OrderProfile(msgspec.Struct, frozen=True):
    """What the orders are worth. A fence is where robust statistics call an order far away."""

    orders: int = 0
    without_person: int = 0
    returns: int = 0
    worthless: int = 0
    """Orders of value zero."""
    lines: int = 0
    unpriced_lines: int = 0
    median_minor: int = 0
    low_fence_minor: int = 0
    high_fence_minor: int = 0
    outliers: int = 0
    furthest: tuple[Outlier, ...] = ()


class Volume(msgspec.Struct, frozen=True):
    """Whether the last whole day brought as many events as such a day does.

    `chance` is how often a day as far off would come by chance, were days alike but for the
    weekday; an alarm is at most `false_alarms`, a share of days.
    """

    day: str
    events: int
    expected: int
    history_days: int
    chance: float
    false_alarms: float
    alarm: bool


class DayCount(msgspec.Struct, frozen=True):
    """Events received from one source on one day."""

    day: str
    events: int


class SourceProfile(msgspec.Struct, frozen=True):
    """What one source sent, and how it came. `late` is more than a day after it happened."""

    source: str
    events: int
    first_at: datetime
    last_at: datetime
    late: int
    median_lateness_seconds: int
    duplicates: int
    days: tuple[DayCount, ...]
    volume: Volume | None
    """None while there is too little history."""


class SchemaChange(msgspec.Struct, frozen=True):
    """A property that came, went, or changed; shares are of the event, in the weeks before and now.

    `property` is empty where the event itself came or went.
    """

    event: str
    property: str
    change: Literal["new", "vanished", "type", "filling"]
    before: float
    after: float


class Breach(msgspec.Struct, frozen=True):
    """Events that break the tracking plan and were taken all the same."""

    event: str
    property: str
    problem: str
    wants: str
    plan_version: int
    line: int
    events: int


class HeldCode(msgspec.Struct, frozen=True):
    """What became of the records refused under one code."""

    code: str
    held: int
    replayed: int
    discarded: int


class PeopleProfile(msgspec.Struct, frozen=True):
    """How well people can be reached, and how fresh what we know of them is."""

    people: int = 0
    sampled: int = 0
    without_address: int = 0
    """Of the sampled."""
    invalid_addresses: int = 0
    disposable_addresses: int = 0
    invalid_phones: int = 0
    implausible: dict[str, int] = {}
    """trait -> people whose value cannot be: an age of 300, a latitude of 91, a 31st of June."""
    outdated: int = 0
    outdated_days: int = 365
    """People of whom nothing was heard for so many days are outdated."""


class ImportedFile(msgspec.Struct, frozen=True):
    """What the import of a file found."""

    file: str
    mapping: str
    at: datetime
    lines: int
    taken: int
    duplicates: int
    refused: dict[str, int]
    """reason -> rows."""


class QualityReport(msgspec.Struct, frozen=True):
    """The state of the data at an instant: findings first, then what they rest on."""

    at: datetime
    since: datetime | None
    """Arrivals before it are left out."""
    events: int
    verdict: str
    findings: tuple[Finding, ...]
    people: PeopleProfile
    orders: OrderProfile
    sources: tuple[SourceProfile, ...]
    traits: tuple[FieldProfile, ...]
    properties: tuple[FieldProfile, ...]
    schema: tuple[SchemaChange, ...]
    breaches: tuple[Breach, ...]
    quarantine: tuple[HeldCode, ...]
    imports: tuple[ImportedFile, ...]
