"""What a person looks at and buys: taste, style, price, staples, and what goes with the last order.

The hidden rules are there to be found by a recommender: own staples come back, complements follow
their product into the next order, shelves follow the type of the person, products follow style.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tailorbird.simulator.catalogue import STYLES, Catalogue
from tailorbird.simulator.draws import Draws, Flags, Floats, Ids, Ints
from tailorbird.simulator.people import STAPLE_PEOPLE, People
from tailorbird.simulator.words import CATEGORIES

STAPLE_SHARE = 0.5
"""Share of the orders of people with a staple that are led by it."""
COMPLEMENT_SHARE = 0.40
"""Chance that the complement of an order's main product is in the person's next order."""
SECOND_LINE, THIRD_LINE = 0.40, 0.15
FAVOURITE, NEXT_FAVOURITE, ANYTHING = 0.40, 0.20, 0.08
"""Where a product comes from: the two favourite shelves, any shelf; else the type's in season."""
QUANTITIES = (0.76, 0.17, 0.07)
LINES = 4
_NEUTRAL_MONTH = 4
_SIXTEENTH = 2.0**-16


@dataclass(frozen=True, slots=True)
class Shoppers:
    """The columns of some people that decide what they buy; one row a visit."""

    ids: Ids
    taste: Ints
    favourites: Ints
    style: Ints
    sensitivity: Floats
    staple: Ints

    def at(self, rows: Ints | Flags) -> Shoppers:
        """Return the given rows."""
        return Shoppers(
            self.ids[rows],
            self.taste[rows],
            self.favourites[rows],
            self.style[rows],
            self.sensitivity[rows],
            self.staple[rows],
        )


@dataclass(frozen=True, slots=True)
class Moments:
    """When visits happen: their number for the person, the price period and the month (0 to 11)."""

    visit: Ints
    period: Ints
    month: Ints

    def at(self, rows: Ints | Flags) -> Moments:
        """Return the given rows."""
        return Moments(self.visit[rows], self.period[rows], self.month[rows])


@dataclass(frozen=True, slots=True)
class Baskets:
    """The choices of all people among one catalogue."""

    draws: Draws
    people: People
    catalogue: Catalogue

    def shoppers(self, ids: Ids) -> Shoppers:
        """Return what decides the choices of these people."""
        taste = self.people.taste(ids)
        neutral = np.full(ids.size, _NEUTRAL_MONTH)
        favourites = [
            self.catalogue.pick_shelf(taste, neutral, self.draws.uniform("favourite", ids, which))
            for which in range(2)
        ]
        return Shoppers(
            ids=ids,
            taste=taste,
            favourites=np.stack(favourites, axis=1),
            style=self.draws.below(STYLES, "style", ids),
            sensitivity=self.people.sensitivity(ids),
            staple=self._staple(ids, taste, neutral),
        )

    def _staple(self, ids: Ids, taste: Ints, neutral: Ints) -> Ints:
        has = self.draws.uniform("has staple", ids) < STAPLE_PEOPLE
        shelf = self.catalogue.pick_shelf(taste, neutral, self.draws.uniform("staple shelf", ids))
        consumable = np.array([category.consumable for category in CATEGORIES])
        usual = np.flatnonzero(consumable)
        other = usual[self.draws.below(usual.size, "staple consumable", ids)]
        shelf = np.where(consumable[shelf], shelf, other)
        product = self.catalogue.pick(
            shelf, np.zeros_like(shelf), self.draws.uniform("staple", ids)
        )
        return np.where(has, product, -1)

    def fancy(self, who: Shoppers, when: Moments, slot: int) -> Ints:
        """Return a product that each person might like at that visit; slots differ."""
        pieces = self.draws.bits("fancy", who.ids, when.visit, slot)
        source, first, second, whim = (
            ((pieces >> np.uint64(16 * place)) & np.uint64(0xFFFF)).astype(np.float64) * _SIXTEENTH
            for place in range(4)
        )
        shelf = self._shelf(who, when, source, whim)
        one = self.catalogue.pick(shelf, when.period, first)
        two = self.catalogue.pick(shelf, when.period, second)
        return np.where(self._prefers(who, when, two, one, whim), two, one)

    def _shelf(self, who: Shoppers, when: Moments, source: Floats, whim: Floats) -> Ints:
        in_season = self.catalogue.pick_shelf(who.taste, when.month, whim)
        second = FAVOURITE + NEXT_FAVOURITE
        return np.select(
            [source < FAVOURITE, source < second, source < second + ANYTHING],
            [who.favourites[:, 0], who.favourites[:, 1], (whim * len(CATEGORIES)).astype(np.int64)],
            in_season,
        )

    def _prefers(self, who: Shoppers, when: Moments, one: Ints, other: Ints, whim: Floats) -> Flags:
        prices = self.catalogue.prices
        cheaper = prices[one, when.period] < prices[other, when.period]
        fits = (self.catalogue.style[one] == who.style).astype(np.int64)
        fits -= self.catalogue.style[other] == who.style
        prefers: Flags = (fits > 0) | ((fits == 0) & cheaper & (whim < who.sensitivity))
        return prefers

    def main(self, who: Shoppers, when: Moments) -> Ints:
        """Return the product that leads an order: the staple, or a fancy."""
        usual = self.draws.uniform("usual", who.ids, when.visit) < STAPLE_SHARE
        usual &= (who.staple >= 0) & self.catalogue.on_sale[who.staple, when.period]
        return np.where(usual, who.staple, self.fancy(who, when, 0))

    def order(self, who: Shoppers, when: Moments, lead: Ints) -> tuple[Ints, Ints]:
        """Return (products, quantities) of orders, `LINES` columns each, product -1 for no line.

        `lead` is the main product of the person's order before, or -1.
        """
        products = np.full((who.ids.size, LINES), -1, dtype=np.int64)
        products[:, 0] = self.main(who, when)
        follower = np.where(lead >= 0, self.catalogue.complement[lead], -1)
        follows = (follower >= 0) & self.catalogue.on_sale[follower, when.period]
        follows &= self.draws.uniform("follows", who.ids, when.visit) < COMPLEMENT_SHARE
        products[:, 1] = np.where(follows & (follower != products[:, 0]), follower, -1)
        for line, share in ((2, SECOND_LINE), (3, THIRD_LINE)):
            has = self.draws.uniform("line", who.ids, when.visit, line) < share
            product = self.fancy(who, when, line)
            known = (products[:, :line] == product[:, None]).any(axis=1)
            products[:, line] = np.where(has & ~known, product, -1)
        quantities = [self.quantity(who, when, line) for line in range(LINES)]
        return products, np.stack(quantities, axis=1)

    def quantity(self, who: Shoppers, when: Moments, line: int) -> Ints:
        """Return how many pieces a line of each order has."""
        return 1 + self.draws.choice(QUANTITIES, "quantity", who.ids, when.visit, line)
