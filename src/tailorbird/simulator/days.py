"""A day of the shop as steps: who does what and when, before it is text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tailorbird.schema import SECOND
from tailorbird.simulator.baskets import Baskets, Moments, Shoppers
from tailorbird.simulator.draws import Draws, Flags, Ids, Ints
from tailorbird.simulator.people import (
    NO_SECOND,
    SECOND_DEVICE,
    People,
)
from tailorbird.simulator.visits import (
    CART,
    DEVICE_VISIT,
    PURCHASE,
    RETURN,
    WITHDRAWAL,
    Rows,
    Visits,
)

LOGGED_IN = 0.85
"""Share of later visits in which the person is logged in; else only the device is known."""
STEP_SECONDS = 24
"""From one event of a visit to the next: at least 4 seconds, at most 44."""
RESENT_MOST_SECONDS = 600
_NEVER = 1 << 20
_VIEW_SLOT = 10

IDENTIFY, PAGE, VIEW, ADD, ORDER, REFUND, WITHDRAW, RESENT, BAD = range(9)


@dataclass(frozen=True, slots=True)
class Plan:
    """The visits of a day with all that their records depend on; one row a visit."""

    rows: Rows
    ids: Ids
    number: Ints
    since_start: Ints
    who: Shoppers
    when: Moments
    main: Ints
    first: Ints
    """1 where an `identify` opens the visit."""
    middle: Ints
    """1 where an `identify` comes after the products that were viewed."""
    views: Ints
    known_from: Ints
    """Place of the first record that carries the user id."""
    second: Flags
    """Whether the person comes under the second identity."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The records of a day before they are text; one row a record."""

    row: Ints
    place: Ints
    code: Ints
    product: Ints
    at: Ints
    arrival: Ints


@dataclass(frozen=True, slots=True)
class Days:
    """The days of one shop."""

    draws: Draws
    people: People
    baskets: Baskets
    visits: Visits

    def plan(self, rows: Rows) -> Plan:
        """Return all that the records of these visits depend on."""
        ids = rows.person.astype(np.uint64)
        number = rows.number.astype(np.int64)
        back = rows.kind == RETURN
        visit = rows.kind < RETURN
        waited = np.where(back, self.visits.return_wait(ids, number), 0)
        late = np.where(visit, self.visits.delay(ids, number), 0)
        since_start = rows.arrival.astype(np.int64) * SECOND - waited - late
        who, when = self.baskets.shoppers(ids), self.visits.moments(number, since_start)
        says_who = self.visits.identifies(ids, number) & visit
        middle = says_who & (number == 0) & self.people.anonymous_start(ids)
        views = self.visits.views(ids, number)
        second = (self.people.second_identity(ids) != NO_SECOND) & (number % 2 == 1) & visit
        return Plan(
            rows=rows,
            ids=ids,
            number=number,
            since_start=np.where(back, rows.arrival.astype(np.int64) * SECOND, since_start),
            who=who,
            when=when,
            main=self.baskets.main(who, when),
            first=(says_who & ~middle).astype(np.int64),
            middle=middle.astype(np.int64),
            views=views,
            known_from=self._known_from(ids, number, says_who, middle, views, visit),
            second=second,
        )

    def _known_from(
        self, ids: Ids, number: Ints, says_who: Flags, middle: Flags, views: Ints, visit: Flags
    ) -> Ints:
        logged_in = self.draws.uniform("logged in", ids, number) < LOGGED_IN
        strange = self.people.second_identity(ids) == SECOND_DEVICE
        logged_in &= ~(strange & (number % 2 == 1) & (number < DEVICE_VISIT))
        known = np.where(logged_in | says_who | ~visit, 0, _NEVER)
        return np.where(middle, 1 + views, known)

    def steps(self, plan: Plan) -> Steps:
        """Return the records of a plan, visit by visit."""
        size = plan.rows.size.astype(np.int64)
        row = np.repeat(np.arange(size.size), size)
        place = np.arange(row.size) - np.repeat(np.cumsum(size) - size, size)
        code = self._codes(plan, row, place)
        milliseconds = place * STEP_SECONDS * 1000 + self.draws.below(
            20_000, "step", plan.ids[row], plan.number[row], place
        )
        at = plan.since_start[row] + milliseconds * 1000
        lag = plan.rows.arrival.astype(np.int64) * SECOND - plan.since_start
        arrival = at + lag[row]
        again = np.flatnonzero(code == RESENT)
        wait = 30 + self.draws.below(RESENT_MOST_SECONDS - 30, "resent wait", plan.ids[row[again]])
        arrival[again] = arrival[again - 1] + wait * SECOND
        return Steps(row, place, code, self._products(plan, row, place, code), at, arrival)

    def _codes(self, plan: Plan, row: Ints, place: Ints) -> Ints:
        """Return what each record is: a visit runs identify, page, views, identify, add, order."""
        kind = plan.rows.kind
        carts = (kind == CART) | (kind == PURCHASE)
        until_add = plan.first + 1 + plan.views + plan.middle + carts
        until_order = until_add + (kind == PURCHASE)
        until_resent = until_order + self.visits.resent(plan.ids, plan.number)
        edges = [
            (kind == RETURN, REFUND),
            (kind == WITHDRAWAL, WITHDRAW),
            (plan.first, IDENTIFY),
            (plan.first + 1, PAGE),
            (plan.first + 1 + plan.views, VIEW),
            (plan.first + 1 + plan.views + plan.middle, IDENTIFY),
            (until_add, ADD),
            (until_order, ORDER),
            (until_resent, RESENT),
        ]
        codes = [code for _, code in edges]
        return np.select([place < edge[row] for edge, _ in edges], codes, BAD)

    def _products(self, plan: Plan, row: Ints, place: Ints, code: Ints) -> Ints:
        """Return the product of each record: the visit's main one, or another that was viewed."""
        product = plan.main[row]
        nth = place - plan.first[row]
        for view in range(2, 4):
            other = np.flatnonzero((code == VIEW) & (nth == view))
            visit = row[other]
            product[other] = self.baskets.fancy(
                plan.who.at(visit), plan.when.at(visit), _VIEW_SLOT + view
            )
        return product
