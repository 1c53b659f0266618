"""A seeded shop: people who come, look, buy, return, and leave for good, as a stream of events."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import islice

import numpy as np

from tailorbird.errors import UsageError
from tailorbird.schema import DAY, Body, Instant, Product
from tailorbird.simulator import records
from tailorbird.simulator.baskets import Baskets
from tailorbird.simulator.catalogue import PERIOD_DAYS, Catalogue
from tailorbird.simulator.draws import Draws, Ints
from tailorbird.simulator.people import People
from tailorbird.simulator.seasons import Clock
from tailorbird.simulator.visits import Visits
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
