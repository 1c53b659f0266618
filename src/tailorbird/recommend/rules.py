"""Rules on top of a recommender, as an author writes them, and the catalogue that they speak of.

name: default
not_bought_days: 14
consumables: {categories: [coffee]}      # beside those that are learnt
pairs:
  - {bought: {items: [grinder]}, show: [brush, beans]}
boosts:
  - {of: {newer_than_days: 30}, by: 1.5}
  - {attribute: margin, by: 1.2}         # 1 for the lowest margin, 1.2 for the highest
caps: {category: 2}
diversity: 0.3
exclude: {categories: [vouchers], attributes: {adult: "true"}}
new_products: {places: 1}              # or true, or false
exposure:
  - {by: brand, shares: {own: 0.4}, at_least: 0.8, steer: true}
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final, TypeAlias

import msgspec
import numpy as np
from msgspec import Meta

from tailorbird import yaml_text
from tailorbird.errors import DefinitionError
from tailorbird.recommend.interactions import Flags, Floats, Indices, Ints
from tailorbird.schema import DAY, Instant, Product

DEFAULT: Final = "default"
"""The rules that hold wherever nobody names others."""
CATEGORY: Final = "category"
ITEM_AGE: Final = "item_age"
AGES: Final = ((30, "under 30 days"), (90, "30 to 89 days"), (365, "90 to 364 days"))
OLDEST: Final = "a year and more"
NO_GROUP: Final = -1
MOST_PAIRS: Final = 200

Share: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
Texts: TypeAlias = Annotated[tuple[str, ...], Meta(max_length=1_000)]
Days: TypeAlias = Annotated[float, Meta(ge=0, le=3_650)]


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an author writes: an unknown word is a mistake."""


class Which(_Strict, frozen=True):
    """Products that are any of these."""

    items: Texts = ()
    categories: Texts = ()
    attributes: dict[str, str | tuple[str, ...]] = {}
    """A value, or one of several, of what the catalogue says beside category and price."""
    newer_than_days: Days | None = None
    """Products that came into the catalogue within so many days."""

    def says_nothing(self) -> bool:
        """Return whether no product can be meant."""
        return not (self.items or self.categories or self.attributes or self.newer_than_days)


class Pair(_Strict, frozen=True):
    """Who bought the one is shown the other, before what the model says."""

    bought: Which
    show: Annotated[tuple[str, ...], Meta(min_length=1, max_length=24)]
    within_days: Annotated[float, Meta(gt=0, le=3_650)] = 90.0


class Boost(_Strict, frozen=True):
    """Multiplies the score of some products; of an attribute, up to `by` for its largest value."""

    by: Annotated[float, Meta(gt=0, le=100)]
    of: Which | None = None
    attribute: str = ""


class Consumables(_Strict, frozen=True):
    """Products that may be shown again soon after they were bought."""

    learnt: bool = True
    """Those that many of their buyers buy again, half of the usual time after the last purchase."""
    items: Texts = ()
    categories: Texts = ()
    attributes: dict[str, str | tuple[str, ...]] = {}

    def declared(self) -> Which:
        """Return those that the author names, which need no waiting."""
        return Which(self.items, self.categories, self.attributes)


class Bounds(_Strict, frozen=True):
    """Prices in minor units; a product without a price passes."""

    at_least: Annotated[int, Meta(ge=0)] = 0
    at_most: int | None = None


class Exposure(_Strict, frozen=True):
    """What share of what is shown each value of an attribute should have; judged by the audit."""

    by: str
    """`category`, `item_age`, or an attribute such as `brand`."""
    shares: dict[str, Share] = {}
    """Of some values; without any, each value's share of what can be bought is the target."""
    at_least: Annotated[float, Meta(ge=0, le=1)] = 0.5
    """Of its target: a value that gets less is reported as shown too little."""
    steer: bool = False
    """Whether places are kept for values that would get less, so that they get so much."""


class NewProducts(_Strict, frozen=True):
    """How many places of a list new products get, where something leads the person to them."""

    places: Annotated[int, Meta(ge=1, le=24)] = 1
    """The last ones."""
    newer_than_days: Days | None = None
    """New is what came into the catalogue within so many days; without it, what came after the
    training or was bought by too few people yet to be known by them."""


class Rules(_Strict, frozen=True):
    """What may be shown, what goes first, and how it is mixed."""

    name: str = DEFAULT
    description: str = ""
    in_stock: bool = True
    not_bought_days: Days = 7.0
    """What a person bought within so many days is not shown, unless it is a consumable."""
    consumables: Consumables = Consumables()
    pairs: Annotated[tuple[Pair, ...], Meta(max_length=MOST_PAIRS)] = ()
    boosts: Annotated[tuple[Boost, ...], Meta(max_length=50)] = ()
    caps: dict[str, Annotated[int, Meta(ge=1, le=24)]] = {}
    """How many of one value at most: of `category`, or of an attribute such as `brand`."""
    diversity: Share = 0.0
    """Weight of being unlike what was already chosen, by category and words of the name (MMR)."""
    exclude: Which = Which()
    only: Which | None = None
    price_minor: Bounds = Bounds()
    new_products: bool | NewProducts = True
    """Whether a product that came after the training is shown to who likes similar ones, or how
    many places such products get."""
    exposure: Annotated[tuple[Exposure, ...], Meta(max_length=8)] = ()

    def steered(self) -> set[str]:
        """Return the attributes whose exposure is not only audited but reached."""
        return {each.by for each in self.exposure if each.steer}


def parse(text: str, file: str) -> Rules:
    """Return the rules of a YAML text.

    Raises:
        DefinitionError: `file:line: what is wrong; how to mend it`.
    """
    document = yaml_text.read(text, file)
    rules = yaml_text.convert(document, Rules)
    if not isinstance(document.value, dict) or "name" not in document.value:
        raise DefinitionError("the rules have no name", where=file, mend=f"write `name: {DEFAULT}`")
    for path, what, mend in _faults(rules):
        raise DefinitionError(what, where=document.where(path), mend=mend)
    return rules


_Fault: TypeAlias = tuple[tuple[str | int, ...], str, str]


def _faults(rules: Rules) -> Iterator[_Fault]:
    for number, pair in enumerate(rules.pairs):
        if pair.bought.says_nothing():
            yield ("pairs", number, "bought"), "no product is named", "name `items` or `categories`"
        if pair.bought.items == pair.show:
            yield ("pairs", number, "show"), "a product goes with itself", "show another"
    for number, boost in enumerate(rules.boosts):
        if (boost.of is None) == (not boost.attribute):
            what = "a boost is of some products, or by an attribute"
            yield ("boosts", number), what, "write either `of` or `attribute`"
        if boost.of is not None and boost.of.says_nothing():
            yield ("boosts", number, "of"), "no product is named", "name `items` or `categories`"
    if rules.only is not None and rules.only.says_nothing():
        yield ("only",), "nothing could be shown", "name what may be shown, or leave `only` out"
    bounds = rules.price_minor
    if bounds.at_most is not None and bounds.at_most < bounds.at_least:
        yield ("price_minor",), "no price lies between these bounds", "let at_most be the larger"
    for number, exposure in enumerate(rules.exposure):
        if sum(exposure.shares.values()) > 1 + 1e-9:
            where = ("exposure", number, "shares")
            yield where, "the shares sum to more than 1", "let them sum to 1 or less"


def whiches_of(rules: Rules) -> list[Which]:
    """Return every choice of products that rules name."""
    return [
        rules.exclude,
        rules.consumables.declared(),
        *(pair.bought for pair in rules.pairs),
        *([rules.only] if rules.only is not None else []),
        *(boost.of for boost in rules.boosts if boost.of is not None),
    ]


def attributes_of(rules: Rules) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the attributes of products that rules name, each with its place in their text."""
    named: list[tuple[tuple[str | int, ...], Which | Consumables]] = [
        (("exclude",), rules.exclude),
        (("consumables",), rules.consumables),
        *((("pairs", number, "bought"), pair.bought) for number, pair in enumerate(rules.pairs)),
    ]
    if rules.only is not None:
        named.append((("only",), rules.only))
    for number, boost in enumerate(rules.boosts):
        if boost.of is not None:
            named.append((("boosts", number, "of"), boost.of))
        elif boost.attribute:
            yield ("boosts", number, "attribute"), boost.attribute
    for path, which in named:
        for name in which.attributes:
            yield (*path, "attributes", name), name
    for name in rules.caps:
        if name not in (CATEGORY, ITEM_AGE):
            yield ("caps", name), name
    for number, exposure in enumerate(rules.exposure):
        if exposure.by not in (CATEGORY, ITEM_AGE):
            yield ("exposure", number, "by"), exposure.by


# -- the catalogue --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the shop has, by number; `place` finds an item's row in every column."""

    items: tuple[str, ...]
    names: tuple[str, ...]
    categories: tuple[str, ...]
    price_minor: Ints
    stocked: Flags
    """Whether it can be bought now: a stock that nobody counts is one."""
    arrived: Ints
    """When it came into the catalogue, or first was seen; 0 where that is not known."""
    attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By attribute, then by item."""
    place: Mapping[str, int] = field(default_factory=dict)

    def values(self, by: str, now: Instant) -> list[str]:
        """Return each product's category, age class or attribute; '' where it has none."""
        if by == CATEGORY:
            return list(self.categories)
        if by == ITEM_AGE:
            return [age_class(int(each), now) for each in self.arrived]
        found = self.attributes.get(by, {})
        return [found.get(item, "") for item in self.items]

    def rows(self, items: Iterable[str]) -> Ints:
        """Return the rows of items, -1 for what the catalogue does not have."""
        return np.array([self.place.get(item, -1) for item in items], dtype=np.int64)


def catalogue(
    products: Sequence[Product],
    arrived: Mapping[str, Instant],
    attributes: Mapping[str, Mapping[str, str]],
) -> Catalogue:
    """Return products as columns."""
    items = tuple(each.item for each in products)
    return Catalogue(
        items=items,
        names=tuple(each.name for each in products),
        categories=tuple(each.category for each in products),
        price_minor=np.array([each.price_minor for each in products], np.int64),
        stocked=np.array([each.stock is None or each.stock > 0 for each in products], bool),
        arrived=np.array([arrived.get(item, 0) for item in items], np.int64),
        attributes=attributes,
        place={item: row for row, item in enumerate(items)},
    )


def age_class(arrived: Instant, now: Instant) -> str:
    """Return in words how long a product has been there.

    >>> age_class(0, 40 * DAY), age_class(39 * DAY, 40 * DAY)
    ('not known', 'under 30 days')
    """
    if not arrived:
        return "not known"
    days = (now - arrived) / DAY
    return next((word for most, word in AGES if days < most), OLDEST)


# -- rules over a catalogue -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Compiled:
    """Rules over one catalogue: a column for each question that is asked of every product."""

    rules: Rules
    allowed: Flags
    factor: Floats
    declared: Flags
    """Consumables that the author names."""
    caps: tuple[tuple[Indices, int], ...]
    """The group of each product (-1: none), and how many of one group at most."""
    pairs: tuple[tuple[frozenset[str], tuple[str, ...], float], ...]
    """What was bought, what is shown that may be, within how many days."""


def compiled(rules: Rules, stock: Catalogue, now: Instant) -> Compiled:
    """Return rules ready for many people."""
    allowed = stock.stocked.copy() if rules.in_stock else np.ones(len(stock.items), bool)
    allowed &= ~chosen(rules.exclude, stock, now)
    if rules.only is not None:
        allowed &= chosen(rules.only, stock, now)
    price, bounds = stock.price_minor, rules.price_minor
    most = bounds.at_most if bounds.at_most is not None else np.iinfo(np.int64).max
    allowed &= (price == 0) | ((price >= bounds.at_least) & (price <= most))
    pairs = []
    for pair in rules.pairs:
        bought = np.flatnonzero(chosen(pair.bought, stock, now))
        named = {*pair.bought.items, *(stock.items[row] for row in bought)}
        rows = stock.rows(pair.show)
        show = tuple(stock.items[row] for row in rows if row >= 0 and allowed[row])
        pairs.append((frozenset(named), show, pair.within_days))
    return Compiled(
        rules=rules,
        allowed=allowed,
        factor=_factors(rules.boosts, stock, now),
        declared=chosen(rules.consumables.declared(), stock, now),
        caps=tuple((codes(stock.values(by, now)), most) for by, most in rules.caps.items()),
        pairs=tuple(pairs),
    )


def chosen(which: Which, stock: Catalogue, now: Instant) -> Flags:
    """Return which products are meant."""
    found = np.zeros(len(stock.items), bool)
    rows = stock.rows(which.items)
    found[rows[rows >= 0]] = True
    if which.categories:
        wanted = set(which.categories)
        found |= np.fromiter((each in wanted for each in stock.categories), bool, len(found))
    for name, value in which.attributes.items():
        several = {value} if isinstance(value, str) else {*value}
        has = stock.attributes.get(name, {})
        found |= np.fromiter((has.get(item) in several for item in stock.items), bool, len(found))
    if which.newer_than_days is not None:
        found |= stock.arrived > now - which.newer_than_days * DAY
    return found


def _factors(boosts: Sequence[Boost], stock: Catalogue, now: Instant) -> Floats:
    factor = np.ones(len(stock.items))
    for boost in boosts:
        if boost.of is not None:
            factor[chosen(boost.of, stock, now)] *= boost.by
        else:
            factor *= 1 + (boost.by - 1) * _percentiles(stock.values(boost.attribute, now))
    return factor


def _percentiles(values: Sequence[str]) -> Floats:
    """Return where each number stands among all, from 0 to 1; 0 for what is no number."""
    numbers = np.array([_number(each) for each in values], dtype=np.float64)
    known = np.flatnonzero(np.isfinite(numbers))
    share = np.zeros(len(numbers))
    if len(known) > 1:
        order, rank = np.unique(numbers[known], return_inverse=True)
        share[known] = rank / max(len(order) - 1, 1)
    return share


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def codes(values: Sequence[str]) -> Indices:
    """Return a number for each distinct value, -1 for ''."""
    known: dict[str, int] = {}
    found = [known.setdefault(each, len(known)) if each else NO_GROUP for each in values]
    return np.array(found, dtype=np.int32)
