"""Every visit of every person, planned before any event is written.

A person visits as a Poisson process in her own time (`seasons.Clock`), buys on a share of the
visits, and after each purchase is gone for good with her own probability: BG/NBD (Fader, Hardie and
Lee, 2005) with visits around the purchases and the clock starting at sign-up. The plan costs 16
bytes a visit and about 20 a person, and tells at once how many events each day has, so that a run
can start anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tailorbird.schema import DAY, HOUR, SECOND
from tailorbird.simulator.baskets import Baskets, Moments
from tailorbird.simulator.catalogue import PERIOD_DAYS, months
from tailorbird.simulator.draws import Draws, Flags, Floats, Ids, Ints
from tailorbird.simulator.people import (
    CART_SHARE,
    DAYS_A_YEAR,
    NO_SECOND,
    SECOND_ACCOUNT,
    SECOND_DEVICE,
    WITHDRAWN,
    People,
)
from tailorbird.simulator.seasons import Clock

BROWSE, CART, PURCHASE, RETURN, WITHDRAWAL = range(5)

EARLY_SHARE, EARLY_WINDOW = 0.5, 0.04
"""Half of the people come in the first 4 % of the time, the rest evenly until 97 %."""
LAST_JOIN = 0.97
LATE_SHARE = 0.01
"""Share of visits whose events arrive late, all together, as from a phone without a network."""
LATE_MEAN_HOURS, LATE_LEAST_HOURS, LATE_MOST_HOURS = 12.0, 1.0, 70.0
RETURN_SHARE = 0.05
RETURN_FIRST_DAY, RETURN_LAST_DAY = 3.0, 20.0
RESENT_SHARE = 0.035
"""Share of visits whose last event is sent twice: about 1 % of the events."""
BAD_SHARE = 0.004
"""Share of visits with a broken record beside the good ones: about 0.1 % of the events."""
VIEWS = (0.45, 0.35, 0.20)
ACCOUNT_VISIT, DEVICE_VISIT = 1, 3
"""Visit at which a second account identifies itself, or a second device says whose it is."""
MOST_VISITS = 1000
BLOCK: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Rows:
    """Some visits, returns and withdrawals, column by column.

    `arrival` is in whole seconds since the start; `lead` the main product of the order before, -1
    where there is none.
    """

    person: npt.NDArray[np.uint32]
    number: npt.NDArray[np.int16]
    kind: npt.NDArray[np.uint8]
    size: npt.NDArray[np.uint8]
    arrival: npt.NDArray[np.int32]
    lead: npt.NDArray[np.int32]

    def at(self, rows: Ints | slice) -> Rows:
        """Return the given rows."""
        return Rows(*(getattr(self, field.name)[rows] for field in fields(self)))

    @staticmethod
    def joined(parts: list[Rows]) -> Rows:
        """Return the rows of all parts, in order."""
        return Rows(
            *(
                np.concatenate([getattr(part, field.name) for part in parts])
                for field in fields(Rows)
            )
        )


@dataclass(frozen=True, slots=True)
class Lives:
    """What became of a block of people: microseconds since the start, churn -1 where none."""

    joined: Ints
    churned: Ints
    orders: Ints
    second_seen: Flags
    """Whether the person came under a second identity at all."""
    second_linked: Flags
    """Whether that identity has said whose it is."""


@dataclass(frozen=True, slots=True)
class Block:
    """The visits of one block of people, sorted by the day of arrival."""

    rows: Rows
    edges: Ints
    """Where each day begins in `rows`, and the end."""
    lives: Lives


@dataclass(frozen=True)
class Visits:
    """The plan of one shop."""

    draws: Draws
    people: People
    baskets: Baskets
    clock: Clock
    count: int

    @cached_property
    def month(self) -> Ints:
        """Return the month, 0 to 11, of each day."""
        return months(self.clock.start, self.clock.days)

    @cached_property
    def blocks(self) -> list[Block]:
        """Return the whole plan."""
        return [
            self.block(first, min(BLOCK, self.count - first))
            for first in range(0, self.count, BLOCK)
        ]

    @cached_property
    def sizes(self) -> Ints:
        """Return how many events arrive on each day, the catalogue's not counted."""
        sizes = np.zeros(self.clock.days, dtype=np.int64)
        for block in self.blocks:
            running = np.concatenate(([0], np.cumsum(block.rows.size, dtype=np.int64)))
            sizes += np.diff(running[block.edges])
        return sizes

    def day(self, day: int) -> Rows:
        """Return all visits that arrive on a day."""
        return Rows.joined(
            [block.rows.at(slice(block.edges[day], block.edges[day + 1])) for block in self.blocks]
        )

    def lives(self) -> Iterator[tuple[int, Lives]]:
        """Yield (first person, what became of the people) of each block."""
        for place, block in enumerate(self.blocks):
            yield place * BLOCK, block.lives

    def delay(self, ids: Ids, number: Ints) -> Ints:
        """Return by how many microseconds the events of each visit come late, 0 for most."""
        late = np.flatnonzero(self.draws.uniform("late", ids, number) < LATE_SHARE)
        hours = LATE_MEAN_HOURS * self.draws.exponential("delay", ids[late], number[late])
        delay = np.zeros(ids.size, dtype=np.int64)
        delay[late] = _whole(np.clip(hours, LATE_LEAST_HOURS, LATE_MOST_HOURS) * HOUR)
        return delay

    def return_wait(self, ids: Ids, number: Ints) -> Ints:
        """Return how many microseconds after an order its main product comes back."""
        days = RETURN_FIRST_DAY + (RETURN_LAST_DAY - RETURN_FIRST_DAY) * self.draws.uniform(
            "return wait", ids, number
        )
        return _whole(days * DAY)

    def views(self, ids: Ids, number: Ints) -> Ints:
        """Return how many products each visit looks at."""
        return 1 + self.draws.choice(VIEWS, "views", ids, number)

    def moments(self, number: Ints, since_start: Ints) -> Moments:
        """Return what the choices depend on, for visits that begin so long after the start."""
        day = np.clip(since_start // DAY, 0, self.clock.days - 1)
        return Moments(visit=number, period=day // PERIOD_DAYS, month=self.month[day])

    def block(self, first: int, count: int) -> Block:
        """Return the visits of people `first` to `first + count - 1`."""
        ids = np.arange(first, first + count, dtype=np.uint64)
        rhythm = self.people.rhythm(ids)
        who, number, own_hours, kind, gone = self._process(ids, rhythm)
        starts = _whole(self.clock.calendar(rhythm[who], own_hours))
        joined = starts[:count]
        churned = np.full(count, -1, dtype=np.int64)
        churned[who[gone]] = starts[gone] + HOUR
        visits = self._rows(ids, who, number, starts, kind)
        rows = self._arrived(Rows.joined([visits, self._withdrawals(ids, joined)]))
        place = rows.person.astype(np.int64) - first
        bought = np.bincount(place[rows.kind == PURCHASE], minlength=count)
        seen, linked = self._second(ids, rows, place)
        return self._sorted(rows, Lives(joined, churned, bought, seen, linked))

    def _second(self, ids: Ids, rows: Rows, place: Ints) -> tuple[Flags, Flags]:
        """Return whose second identity was seen, and whose has said whom it belongs to."""
        second = self.people.second_identity(ids)
        visit = (rows.kind < RETURN) & (second[place] != NO_SECOND) & (rows.number % 2 == 1)
        says_who = visit & self.identifies(ids[place], rows.number.astype(np.int64))
        seen, linked = np.zeros(ids.size, np.bool_), np.zeros(ids.size, np.bool_)
        seen[place[visit]] = True
        linked[place[says_who]] = True
        return seen, linked

    def _process(
        self, ids: Ids, rhythm: Ints
    ) -> tuple[Ints, Ints, Floats, npt.NDArray[np.uint8], Flags]:
        """Return (place in the block, visit number, own time, kind, gone) of each visit."""
        conversion = self.people.conversion(ids)
        dropout = self.people.dropout(ids)
        mean_gap = DAYS_A_YEAR * 24 * conversion / self.people.rate(ids)
        ends = self.clock.hours[rhythm, -1]
        own_hours = self._joining(ids, rhythm)
        active = np.arange(ids.size)
        parts: list[tuple[Any, ...]] = []
        for number in range(MOST_VISITS):
            keys = ids[active]
            outcome = self.draws.uniform("outcome", keys, number)
            bought = outcome < conversion[active]
            kind = np.where(bought, PURCHASE, BROWSE).astype(np.uint8)
            kind[~bought & (outcome < conversion[active] + CART_SHARE)] = CART
            gone = bought & (self.draws.uniform("gone", keys, number) < dropout[active])
            parts.append((active, np.full(active.size, number), own_hours[active], kind, gone))
            active = active[~gone]
            own_hours[active] += mean_gap[active] * self.draws.exponential(
                "gap", ids[active], number
            )
            active = active[own_hours[active] < ends[active]]
            if not active.size:
                break
        place, numbers, hours, kinds, left = (
            np.concatenate(column) for column in zip(*parts, strict=True)
        )
        return place, numbers, hours, kinds, left

    def _joining(self, ids: Ids, rhythm: Ints) -> Floats:
        early = self.draws.uniform("early", ids) < EARLY_SHARE
        drawn = self.draws.uniform("joined", ids)
        share = np.where(early, drawn * EARLY_WINDOW, drawn * LAST_JOIN)
        return self.clock.own_time(rhythm, share)

    def _rows(
        self, ids: Ids, place: Ints, number: Ints, starts: Ints, kind: npt.NDArray[np.uint8]
    ) -> Rows:
        """Return visits and, after them, the returns of some of the orders."""
        who = ids[place]
        arrival = starts + self.delay(who, number)
        visits = Rows(
            person=who.astype(np.uint32),
            number=number.astype(np.int16),
            kind=kind,
            size=self._sizes(who, number, kind),
            arrival=(arrival // SECOND).astype(np.int32),
            lead=self._leads(ids, place, number, starts, kind),
        )
        bought = np.flatnonzero(kind == PURCHASE)
        back = self.draws.uniform("return", who[bought], number[bought]) < RETURN_SHARE
        returned = bought[back]
        at = starts[returned] + self.return_wait(who[returned], number[returned])
        returns = Rows(
            person=visits.person[returned],
            number=visits.number[returned],
            kind=np.full(returned.size, RETURN, dtype=np.uint8),
            size=np.ones(returned.size, dtype=np.uint8),
            arrival=(at // SECOND).astype(np.int32),
            lead=visits.lead[returned],
        )
        return Rows.joined([visits, returns])

    def _sizes(self, who: Ids, number: Ints, kind: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        size = 1 + self.views(who, number)
        size += (kind == CART) + 2 * (kind == PURCHASE)
        size += self.identifies(who, number)
        size += self.resent(who, number)
        size += self.bad(who, number)
        return size.astype(np.uint8)

    def identifies(self, who: Ids, number: Ints) -> Flags:
        """Return whether each visit says who the person is."""
        second = self.people.second_identity(who)
        account = (second == SECOND_ACCOUNT) & (number == ACCOUNT_VISIT)
        device = (second == SECOND_DEVICE) & (number == DEVICE_VISIT)
        says_who: Flags = (number == 0) | account | device
        return says_who

    def resent(self, who: Ids, number: Ints) -> Flags:
        """Return whether the last event of each visit is sent twice."""
        return self.draws.uniform("resent", who, number) < RESENT_SHARE

    def bad(self, who: Ids, number: Ints) -> Flags:
        """Return whether a broken record comes with each visit."""
        return self.draws.uniform("bad", who, number) < BAD_SHARE

    def _leads(
        self, ids: Ids, place: Ints, number: Ints, starts: Ints, kind: npt.NDArray[np.uint8]
    ) -> npt.NDArray[np.int32]:
        """Return for each visit the main product of the order before it."""
        lead = np.full(place.size, -1, dtype=np.int32)
        order = np.lexsort((number, place))
        bought = kind[order] == PURCHASE
        orders = order[bought]
        who = self.baskets.shoppers(ids).at(place[orders])
        mains = self.baskets.main(who, self.moments(number[orders], starts[orders]))
        before = np.cumsum(bought) - bought - 1
        known = before >= 0
        known[known] = place[orders[before[known]]] == place[order[known]]
        lead[order[known]] = mains[before[known]]
        return lead

    def _withdrawals(self, ids: Ids, joined: Ints) -> Rows:
        leaving = np.flatnonzero(self.people.email_consent(ids) == WITHDRAWN)
        length = self.clock.days * DAY
        share = self.draws.uniform("withdrawal", ids[leaving])
        at = joined[leaving] + HOUR + share * (length - joined[leaving] - 2 * HOUR)
        arrival = np.clip(at, 0, length - SECOND) // SECOND
        return Rows(
            person=ids[leaving].astype(np.uint32),
            number=np.full(leaving.size, -1, dtype=np.int16),
            kind=np.full(leaving.size, WITHDRAWAL, dtype=np.uint8),
            size=np.ones(leaving.size, dtype=np.uint8),
            arrival=arrival.astype(np.int32),
            lead=np.full(leaving.size, -1, dtype=np.int32),
        )

    def _arrived(self, rows: Rows) -> Rows:
        """Return the rows that arrive before the end; later ones are not known yet."""
        return rows.at(np.flatnonzero(rows.arrival < self.clock.days * (DAY // SECOND)))

    def _sorted(self, rows: Rows, lives: Lives) -> Block:
        day = rows.arrival // (DAY // SECOND)
        order = np.argsort(day.astype(np.int16), kind="stable")
        edges = np.searchsorted(day[order], np.arange(self.clock.days + 1))
        return Block(rows.at(order), edges, lives)


def _whole(microseconds: Floats | Ints) -> Ints:
    """Return whole seconds, in microseconds, so that a start is known exactly from an arrival."""
    return (microseconds // SECOND).astype(np.int64) * SECOND
