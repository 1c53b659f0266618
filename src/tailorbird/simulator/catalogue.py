"""The shop's shelves: products, prices, stock, what goes with what, and what each type likes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from tailorbird.schema import Instant, Product
from tailorbird.simulator.draws import Draws, Flags, Floats, Ints
from tailorbird.simulator.words import CATEGORIES, TASTES

PERIOD_DAYS: Final = 30
"""Prices and stock stand for this long; then every product is updated."""
POPULARITY_EXPONENT = 0.8
"""Within a shelf the k-th product sells in proportion to k to the power of minus this."""
PAIR_SHARE = 0.45
"""Share of products that have a complement, bought after them."""
PROMOTION_SHARE, PROMOTION_PRICE = 0.15, 0.8
SOLD_OUT_SHARE = 0.05
LATE_LAUNCH_SHARE = 0.08
"""Share of products that come to the shelf between 40 % and 95 % of the time: cold starts."""
STYLES = 3
URL = "https://shop.example/"
CURRENCY = "EUR"
_RANK_BINS = 4096


@dataclass(frozen=True)
class Catalogue:
    """All products of one shop; arrays are indexed by product number, categories in turn."""

    draws: Draws
    size: int
    days: int

    @cached_property
    def numbers(self) -> Ints:
        """Return 0 to size - 1."""
        return np.arange(self.size, dtype=np.int64)

    @cached_property
    def category(self) -> Ints:
        """Return the index of each product's shelf in `CATEGORIES`."""
        return self.numbers % len(CATEGORIES)

    @cached_property
    def ids(self) -> list[str]:
        """Return the product ids as events show them; they do not tell the shelf or the rank."""
        order = np.argsort(self.draws.bits("item id", self.numbers), kind="stable")
        place = np.empty(self.size, dtype=np.int64)
        place[order] = self.numbers
        return [f"P{1000 + number:05d}" for number in place.tolist()]

    @cached_property
    def names(self) -> list[str]:
        """Return the product names, all different."""
        return [_name(number) for number in range(self.size)]

    @cached_property
    def consumable(self) -> Flags:
        """Return whether a product is used up and bought again."""
        return np.array([shelf.consumable for shelf in CATEGORIES])[self.category]

    @cached_property
    def style(self) -> Ints:
        """Return each product's style; people prefer their own."""
        return self.draws.below(STYLES, "item style", self.numbers)

    @cached_property
    def launch_period(self) -> Ints:
        """Return the period in which a product comes to the shelf; 0 for most."""
        late = self.draws.uniform("late launch", self.numbers) < LATE_LAUNCH_SHARE
        late &= self.numbers >= len(CATEGORIES)
        share = 0.40 + 0.55 * self.draws.uniform("launch", self.numbers)
        return np.where(late, (share * (self.days // PERIOD_DAYS)).astype(np.int64), 0)

    @cached_property
    def prices(self) -> Ints:
        """Return prices in cents, one row a product, one column a period of `PERIOD_DAYS`."""
        median = np.array([shelf.price for shelf in CATEGORIES])[self.category]
        spread = np.exp(0.45 * self.draws.normal("price", self.numbers))
        euros = np.maximum(np.round(median * spread), 2)
        columns = []
        for period in range(self.periods):
            promoted = self.draws.uniform("promotion", self.numbers, period) < PROMOTION_SHARE
            shown = np.where(promoted, euros * PROMOTION_PRICE, euros)
            columns.append(np.round(shown * 10).astype(np.int64) * 10 - 5)
        return np.stack(columns, axis=1)

    @property
    def periods(self) -> int:
        """Return how many price periods there are, one beyond the end for what comes after."""
        return self.days // PERIOD_DAYS + 2

    @cached_property
    def stock(self) -> Ints:
        """Return pieces on stock as (product, period). The first of each shelf never runs out."""
        columns = []
        for period in range(self.periods):
            pieces = np.ceil(40 * self.draws.exponential("stock", self.numbers, period))
            empty = self.draws.uniform("sold out", self.numbers, period) < SOLD_OUT_SHARE
            columns.append(np.where(empty & (self.numbers >= len(CATEGORIES)), 0, pieces))
        return np.stack(columns, axis=1).astype(np.int64)

    @cached_property
    def on_sale(self) -> Flags:
        """Return as (product, period) whether a product is launched and on stock."""
        launched = self.launch_period[:, None] <= np.arange(self.periods)[None, :]
        return launched & (self.stock > 0)

    @cached_property
    def complement(self) -> Ints:
        """Return the product that is bought after each product, or -1."""
        has = self.draws.uniform("has complement", self.numbers) < PAIR_SHARE
        shelves = {shelf.name: index for index, shelf in enumerate(CATEGORIES)}
        related = np.array([[shelves[name] for name in shelf.goes_with] for shelf in CATEGORIES])
        which = self.draws.below(related.shape[1], "complement shelf", self.numbers)
        shelf = related[self.category, which]
        product = self._from_shelf(shelf, self.draws.uniform("complement", self.numbers))
        early = (self.launch_period == 0) & (self.launch_period[product] == 0)
        return np.where(has & early & (product != self.numbers), product, -1)

    @cached_property
    def likes(self) -> Floats:
        """Return cumulative shelf shares as (type, month 0 to 11, shelf)."""
        likes = np.full((len(TASTES), len(CATEGORIES)), 0.05)
        places = {shelf.name: index for index, shelf in enumerate(CATEGORIES)}
        for row, taste in enumerate(TASTES):
            for weight, name in zip((1.0, 0.7, 0.45), taste.likes, strict=True):
                likes[row, places[name]] = weight
        months = np.array([shelf.months for shelf in CATEGORIES]).T
        weights = likes[:, None, :] * months[None, :, :]
        shares: Floats = np.cumsum(weights, axis=2) / weights.sum(axis=2, keepdims=True)
        return shares

    def pick_shelf(self, taste: Ints, month: Ints, drawn: Floats) -> Ints:
        """Return a shelf by type and month for uniform draws."""
        shares = self.likes[taste, month]
        shelf: Ints = (drawn[:, None] > shares[:, :-1]).sum(axis=1, dtype=np.int64)
        return shelf

    def pick(self, shelf: Ints, period: Ints, drawn: Floats) -> Ints:
        """Return a product of each shelf by popularity; one not on sale gives the shelf's first."""
        product = self._from_shelf(shelf, drawn)
        return np.where(self.on_sale[product, period], product, shelf)

    def _from_shelf(self, shelf: Ints, drawn: Floats) -> Ints:
        ranks = self._ranks[shelf, (drawn * _RANK_BINS).astype(np.int64)]
        return ranks * len(CATEGORIES) + shelf

    @cached_property
    def _ranks(self) -> Ints:
        rows = []
        for shelf in range(len(CATEGORIES)):
            depth = len(range(shelf, self.size, len(CATEGORIES)))
            edges = np.cumsum(np.arange(1, depth + 1) ** -POPULARITY_EXPONENT)
            middles = (np.arange(_RANK_BINS) + 0.5) / _RANK_BINS
            rows.append(np.searchsorted(edges / edges[-1], middles))
        return np.stack(rows).astype(np.int64)

    def products(self, period: int, at: Instant) -> list[Product]:
        """Return the shelf as it stands in a period, launched products only."""
        launched = self.numbers[self.launch_period <= period]
        return [self.product(number, period, at) for number in launched.tolist()]

    def product(self, number: int, period: int, at: Instant) -> Product:
        """Return one product as a noun, with the price and the stock of a period."""
        name = self.names[number]
        return Product(
            item=self.ids[number],
            name=name,
            category=CATEGORIES[self.category[number]].name,
            price_minor=int(self.prices[number, period]),
            currency=CURRENCY,
            url=URL + "products/" + name.lower().replace(" ", "-"),
            stock=int(self.stock[number, period]),
            updated_at=at,
        )


def months(start: Instant, days: int) -> Ints:
    """Return the month, 0 to 11, of each day from `start` on."""
    first = np.datetime64(start, "us").astype("datetime64[D]")
    calendar = first + np.arange(days).astype("timedelta64[D]")
    month: Ints = calendar.astype("datetime64[M]").astype(np.int64) % 12
    return month


def _name(number: int) -> str:
    shelf = CATEGORIES[number % len(CATEGORIES)]
    rank = number // len(CATEGORIES)
    noun = shelf.nouns[rank % len(shelf.nouns)]
    turn, which = divmod(rank // len(shelf.nouns), len(shelf.adjectives))
    adjective = shelf.adjectives[(which + rank) % len(shelf.adjectives)]
    words = f"{adjective} {noun}".replace("-", " ").capitalize()
    return f"{words} no. {turn + 1}" if turn else words
