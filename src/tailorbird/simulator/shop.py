"""A seeded shop: people who come, look, buy, return, and leave for good, as a stream of events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice

import numpy as np

from tailorbird.errors import UsageError
from tailorbird.schema import DAY, Body, Instant, Product
from tailorbird.simulator import records
from tailorbird.simulator.baskets import Baskets, Moments
from tailorbird.simulator.catalogue import CURRENCY, PERIOD_DAYS, Catalogue, months
from tailorbird.simulator.draws import Draws, Ids, Ints
from tailorbird.simulator.keys import person_numbers
from tailorbird.simulator.people import DAYS_A_YEAR, People
from tailorbird.simulator.potential import (
    Effects,
    Order,
    Outcomes,
    Window,
    check,
    potential,
    purchases,
    variant_factors,
)
from tailorbird.simulator.seasons import Clock
from tailorbird.simulator.visits import MOST_VISITS, Visits
from tailorbird.simulator.words import CATEGORIES
from tailorbird.simulator.writing import Writer

START: Instant = 1_759_276_800_000_000
"""2025-10-01T00:00:00Z."""


class Shop:
    """A shop of known truth. The same arguments give the same bytes, from any place on.

    `people` does not change anybody: person 7 of ten people is person 7 of a million.

    >>> shop = Shop(seed=7, people=50, days=30)
    >>> next(shop.events(batch=2)) == next(shop.bodies_after(0, batch=2))
    True
    """

    def __init__(
        self,
        seed: int,
        people: int,
        days: int = 365,
        start: Instant = START,
        items: int = 400,
    ) -> None:
        _check(people, days, start, items)
        self.seed = seed
        self.people = people
        self.days = days
        self.start = start
        self.items = items
        draws = Draws(seed)
        self.latent = People(draws)
        self.catalogue = Catalogue(draws, items, days)
        self.baskets = Baskets(draws, self.latent, self.catalogue)
        self.visits = Visits(draws, self.latent, self.baskets, Clock(start, days), people)
        self.writer = Writer(draws, self.latent, self.catalogue, self.visits, f"{seed:x}")

    @property
    def end(self) -> Instant:
        """Return the instant at which the history ends: `now` for whoever reads it."""
        return self.start + self.days * DAY

    @property
    def total_events(self) -> int:
        """Return how many records the history has, bad and repeated ones counted."""
        return int(self._edges[-1])

    def total_bodies(self, batch: int = 500) -> int:
        """Return how many bodies `events(batch)` yields."""
        return -(-self.total_events // batch)

    def events(self, batch: int = 500) -> Iterator[bytes]:
        """Yield the history as collector bodies of `batch` records, in order of arrival."""
        return self.bodies_after(0, batch)

    def bodies_after(self, count: int, batch: int = 500) -> Iterator[bytes]:
        """Yield what `events(batch)` yields after its first `count` bodies, at once."""
        return (body.content for body in self.bodies(batch, after=count))

    def bodies(self, batch: int = 500, after: int = 0) -> Iterator[Body]:
        """Yield the same bodies with the instant at which each arrived: that of its last record."""
        if batch < 1:
            raise UsageError("a body holds at least one record", where=f"batch={batch}")
        latest = 0
        records_left = self._records(after * batch)
        while chunk := list(islice(records_left, batch)):
            latest = max(latest, max(arrival for _, arrival in chunk))
            yield Body(records.SOURCE, latest, records.body([text for text, _ in chunk]))

    def products(self, at: Instant | None = None) -> list[Product]:
        """Return the shelf as it stands at an instant, by default at the end."""
        moment = self.end - 1 if at is None else at
        period = min(max((moment - self.start) // DAY, 0), self.days - 1) // PERIOD_DAYS
        return self.catalogue.products(period, self.start + period * PERIOD_DAYS * DAY)

    def outcomes(
        self,
        people: Sequence[str],
        variants: Mapping[str, str],
        window: Window,
        effects: Effects | None = None,
    ) -> Outcomes:
        """Return both potential outcomes of these people (user ids) in a window after the end.

        Who is gone for good buys neither with a mail nor without; the others share the lift, so
        that its mean over all people of the shop is `effects.lift`.

        Raises:
            UsageError: the window begins before the end, or an id is not of this shop.
        """
        effects = effects or Effects()
        check(window, effects)
        if window.start < self.end:
            raise UsageError(
                "the window overlaps the history",
                where=f"window.start={window.start}",
                mend=f"let it begin at {self.end} or later",
            )
        ids = self._numbers(people)
        alive = self.churned[ids.astype(np.int64)] < 0
        yearly = self.latent.rate(ids) * window.days / DAYS_A_YEAR
        chance = np.where(alive, 1 - np.exp(-yearly), 0.0)
        shared = effects.lift / max(float((self.churned < 0).mean()), 1e-9)
        lifts = np.where(alive, shared, 0.0) * variant_factors(people, variants, effects)
        return potential(self.latent, ids, chance, lifts, effects.sleeping_dogs, window)

    def aftermath(
        self,
        people: Sequence[str],
        treated: Mapping[str, bool],
        variants: Mapping[str, str],
        window: Window,
        effects: Effects | None = None,
        batch: int = 500,
    ) -> Iterator[bytes]:
        """Yield the purchases of these people after a campaign, as collector bodies.

        `treated` says whose mail was delivered; who is absent was not written to. A dead mailbox
        counts as not delivered in any case.
        """
        truth = self.outcomes(people, variants, window, effects)

        def orders(places: Ints) -> list[Order]:
            return self._orders_after(truth.ids[places], window)

        yield from purchases(self.latent.draws, people, truth, treated, window, orders, batch)

    def _orders_after(self, ids: Ids, window: Window) -> list[Order]:
        day = (window.start - self.start) // DAY
        period = min(day // PERIOD_DAYS, self.catalogue.periods - 1)
        month = int(months(window.start, 1)[0])
        when = Moments(
            np.full(ids.size, MOST_VISITS + day),
            np.full(ids.size, period),
            np.full(ids.size, month),
        )
        who = self.baskets.shoppers(ids)
        products, quantities = self.baskets.order(who, when, np.full(ids.size, -1))
        lines, totals = self.writer.order_lines(products, quantities, when.period)
        return [Order(*both, CURRENCY) for both in zip(lines, totals, strict=True)]

    def _numbers(self, people: Sequence[str]) -> Ids:
        ids = person_numbers(people)
        strange = np.flatnonzero(ids >= self.people)
        if strange.size:
            raise UsageError(
                f"{people[strange[0]]!r} is not of this shop",
                where=f"seed={self.seed}, people={self.people}",
                mend="give user ids of the same shop",
            )
        return ids

    @cached_property
    def churned(self) -> Ints:
        """Return when each person was gone for good, in microseconds since the start; else -1."""
        return np.concatenate([lives.churned for _, lives in self.visits.lives()])

    def _records(self, first: int) -> Iterator[tuple[str, int]]:
        opening = int(np.searchsorted(self._edges, first, side="right")) - 1
        for day in range(max(opening, 0), self.days):
            texts, arrivals = self.writer.write(day)
            skipped = max(first - int(self._edges[day]), 0)
            yield from zip(texts[skipped:], arrivals[skipped:].tolist(), strict=True)

    @cached_property
    def _edges(self) -> Ints:
        shelf = np.array([self.writer.shelf_size(day) for day in range(self.days)])
        return np.concatenate(([0], np.cumsum(self.visits.sizes + shelf)))


def _check(people: int, days: int, start: Instant, items: int) -> None:
    if people < 1 or days < 1:
        raise UsageError(
            "a shop needs people and days",
            where=f"people={people}, days={days}",
            mend="give at least 1 of each",
        )
    if start % DAY:
        raise UsageError("a shop opens at midnight UTC", where=f"start={start}", mend="round it")
    if items < len(CATEGORIES):
        raise UsageError(
            "too few products", where=f"items={items}", mend=f"give at least {len(CATEGORIES)}"
        )
