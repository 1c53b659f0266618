"""What people buy after a campaign: both potential outcomes of everybody, and the one that happens.

For every person it is drawn, by the person's number alone, whether she would buy in the window
without a mail (y0) and with one (y1). A mail that was delivered lets y1 happen, anything else y0.
The average of y1 - y0 over everybody is `Effects.lift` by construction.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

import msgspec
import numpy as np

from tailorbird.errors import UsageError
from tailorbird.schema import DAY, MINUTE, SECOND, Instant, Product
from tailorbird.simulator import records
from tailorbird.simulator.draws import Draws, Flags, Floats, Ids, Ints
from tailorbird.simulator.keys import address_token, person_numbers
from tailorbird.simulator.people import People
from tailorbird.simulator.records import money
from tailorbird.simulator.words import TASTES

SURE_MOST = 0.6
"""Nobody buys in a window without a mail with a higher chance than this."""
TASTE_EFFECTS = (1.6, 1.3, 0.6, 1.2, 0.8, 0.7, 0.9, 0.5)
"""How strongly each type of `TASTES` answers a mail, before scaling to a mean of 1."""
PERSUADED_MEAN = 36 * 60 * MINUTE
"""Those whom the mail persuades buy after this time in the mean; the others at any time."""
PRIOR_ORDERS, PRIOR_DAYS, PATIENCE = 0.3, 60.0, 3.0
"""For real histories: rate = (orders + 0.3) / (days since the first + 60), and who has been silent
for three times her own mean gap is still there with a chance of 1/e."""
OWN_PRODUCT = 0.5
"""For real histories: share of the orders that repeat a product of the person's own."""
_CHUNK = 4096

_MAIL_SHARE = sum(
    taste.weight * effect for taste, effect in zip(TASTES, TASTE_EFFECTS, strict=True)
)


class Window(msgspec.Struct, frozen=True):
    """The time after a campaign in which purchases are watched: `start` in, `end` out."""

    start: Instant
    end: Instant

    @property
    def days(self) -> float:
        """Return its length in days."""
        return (self.end - self.start) / DAY


class Effects(msgspec.Struct, frozen=True):
    """What a mail does to purchases.

    `lift` is the mean of y1 - y0 over all people, the gone ones counted with 0. `sleeping_dogs` is
    the share of the people who would buy and whom a mail puts off. `variants` multiplies the lift
    of single variants.
    """

    lift: float = 0.03
    sleeping_dogs: float = 0.02
    variants: Mapping[str, float] = {}


class Prospect(msgspec.Struct, frozen=True):
    """A person of a real file: the user id and what the history says. `items` were bought."""

    key: str
    orders: int
    first_at: Instant
    last_at: Instant
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The truth about one window; one place a person, in the order of the keys that were given.

    `chance` is that of y0. Reachable people have a mailbox that works; the others live y0 always.
    """

    ids: Ids
    chance: Floats
    y0: Flags
    y1: Flags
    reachable: Flags

    def lived(self, treated: Flags) -> Flags:
        """Return who buys, given who was sent a mail."""
        return np.where(treated & self.reachable, self.y1, self.y0)


@dataclass(frozen=True, slots=True)
class Order:
    """One order after the campaign, as text: its lines and its total in minor units."""

    lines: str
    total: int
    currency: str


def potential(
    people: People, ids: Ids, chance: Floats, lifts: Floats, dogs: float, window: Window
) -> Outcomes:
    """Return both outcomes of each person whose chance to buy without a mail is known.

    `lifts` is each person's share of the average effect, before the type's answer to mails.
    """
    occasion = window.start // SECOND
    sure = np.minimum(chance, SURE_MOST)
    answer = np.array(TASTE_EFFECTS)[people.taste(ids)] / _MAIL_SHARE
    gain = np.where(lifts > 0, (lifts * answer + sure * dogs) / (1 - sure), 0.0)
    y0 = people.draws.uniform("y0", ids, occasion) < sure
    drawn = people.draws.uniform("y1", ids, occasion)
    y1 = np.where(y0, (drawn >= dogs) | (lifts <= 0), drawn < gain)
    return Outcomes(ids, sure, y0, y1, ~people.dead_mailbox(ids))


def real_chance(people: Sequence[Prospect], window: Window) -> Floats:
    """Return the chance to buy in a window from each person's own orders and silence."""
    orders = np.array([person.orders for person in people], dtype=np.float64)
    first = np.array([person.first_at for person in people], dtype=np.float64)
    last = np.array([person.last_at for person in people], dtype=np.float64)
    rate = (orders + PRIOR_ORDERS) / ((window.start - first) / DAY + PRIOR_DAYS)
    still_there = np.exp(-(window.start - last) / DAY * rate / PATIENCE)
    chance: Floats = 1 - np.exp(-window.days * rate * still_there)
    return chance


def outcomes(
    people: Sequence[Prospect],
    variants: Mapping[str, str],
    window: Window,
    *,
    seed: int,
    effects: Effects,
) -> Outcomes:
    """Return both potential outcomes of people with real histories."""
    check(window, effects)
    latent = People(Draws(seed))
    keys = [person.key for person in people]
    lifts = effects.lift * variant_factors(keys, variants, effects)
    chance = real_chance(people, window)
    ids = person_numbers(keys)
    return potential(latent, ids, chance, lifts, effects.sleeping_dogs, window)


def aftermath(
    people: Sequence[Prospect],
    treated: Mapping[str, bool],
    variants: Mapping[str, str],
    window: Window,
    *,
    seed: int,
    products: Sequence[Product],
    effects: Effects | None = None,
    batch: int = 500,
) -> Iterator[bytes]:
    """Yield the purchases of people with real histories after a campaign, as collector bodies.

    `treated` says whose mail was delivered; who is absent was not written to. `products` are those
    that can be bought, the most popular first.

    Raises:
        UsageError: there is nothing to buy, or the window or the lift makes no sense.
    """
    if not products:
        raise UsageError("there is nothing to buy", where="products", mend="give the catalogue")
    truth = outcomes(people, variants, window, seed=seed, effects=effects or Effects())
    known = {product.item: product for product in products}
    draws = Draws(seed)

    def orders(places: Ints) -> list[Order]:
        return [
            _real_order(draws, truth.ids[place : place + 1], people[place], products, known)
            for place in places.tolist()
        ]

    keys = [person.key for person in people]
    yield from purchases(draws, keys, truth, treated, window, orders, batch)


def purchases(
    draws: Draws,
    keys: Sequence[str],
    truth: Outcomes,
    treated: Mapping[str, bool],
    window: Window,
    orders: Callable[[Ints], list[Order]],
    batch: int,
) -> Iterator[bytes]:
    """Yield bodies with what buyers do (look, fill the cart, order), by time of order.

    `orders` returns what the people at some places of `keys` order.
    """
    mailed = np.array([treated.get(key, False) for key in keys], dtype=np.bool_)
    buyers = np.flatnonzero(truth.lived(mailed))
    at = _order_times(draws, truth, buyers, window)
    sequence = np.argsort(at, kind="stable")
    buyers, at = buyers[sequence], at[sequence]
    left = chain.from_iterable(
        _records(draws.seed, keys, buyers[rows], at[rows], window, orders(buyers[rows]))
        for rows in (slice(first, first + _CHUNK) for first in range(0, buyers.size, _CHUNK))
    )
    while chunk := list(islice(left, batch)):
        yield records.body(chunk)


def check(window: Window, effects: Effects) -> None:
    """Raise `UsageError` unless a window and its effects make sense."""
    if window.end <= window.start:
        raise UsageError("the window is empty", where="window", mend="let it end after its start")
    if not 0 <= effects.lift <= 0.2 or not 0 <= effects.sleeping_dogs <= 0.5:
        where = f"lift={effects.lift}, sleeping_dogs={effects.sleeping_dogs}"
        raise UsageError(
            "no such effect", where=where, mend="lift 0 to 0.2, sleeping_dogs 0 to 0.5"
        )


def variant_factors(keys: Sequence[str], variants: Mapping[str, str], effects: Effects) -> Floats:
    """Return the factor of each person's variant, 1 where it is not named."""
    factors = effects.variants
    return np.array([factors.get(variants.get(key, ""), 1.0) for key in keys], dtype=np.float64)


def _order_times(draws: Draws, truth: Outcomes, buyers: Ints, window: Window) -> Ints:
    ids, length = truth.ids[buyers], window.end - window.start
    occasion = window.start // SECOND
    anytime = draws.uniform("bought at", ids, occasion) * length
    soon = PERSUADED_MEAN * draws.exponential("persuaded at", ids, occasion) % length
    after = np.where(truth.y0[buyers], anytime, soon)
    return window.start + after.astype(np.int64) // 1000 * 1000


def _records(
    seed: int,
    keys: Sequence[str],
    buyers: Ints,
    at: Ints,
    window: Window,
    orders: Sequence[Order],
) -> Iterator[str]:
    occasion = window.start // SECOND
    looked = records.timestamps(np.maximum(at - 4 * MINUTE, window.start))
    added = records.timestamps(np.maximum(at - MINUTE, window.start))
    for turn, (place, stamp) in enumerate(
        zip(buyers.tolist(), records.timestamps(at), strict=True)
    ):
        key = keys[place]
        who = f'"userId":{json.dumps(key)}'
        message = f"sim-{seed:x}-after-{occasion}-{address_token(key)}"
        bought = orders[turn]
        product = bought.lines[1:].partition(',"quantity"')[0]
        product = f'{product},"currency":"{bought.currency}"'
        yield records.track("Product Viewed", message + "-0", who, looked[turn], product)
        cart = f'{product},"quantity":1'
        yield records.track("Product Added", message + "-1", who, added[turn], cart)
        ordered = records.order(
            message, money(bought.total), bought.lines, currency=bought.currency
        )
        yield records.track("Order Completed", message + "-2", who, stamp, ordered)


def _real_order(
    draws: Draws,
    ids: Ids,
    person: Prospect,
    products: Sequence[Product],
    known: Mapping[str, Product],
) -> Order:
    own = [known[item] for item in person.items if item in known]
    choice = float(draws.uniform("real product", ids)[0])
    if own and draws.uniform("own product", ids)[0] < OWN_PRODUCT:
        product = own[int(choice * len(own))]
    else:
        # The k-th product sells nearly in proportion to 1/k: popularity is log-uniform in rank.
        product = products[min(int(len(products) ** choice), len(products)) - 1]
    pieces = 1 + int(draws.uniform("real pieces", ids)[0] < 0.25)
    name = json.dumps(product.name, ensure_ascii=False)
    shelf = json.dumps(product.category, ensure_ascii=False)
    lines = (
        f'{{"product_id":{json.dumps(product.item)},"name":{name},"category":{shelf},'
        f'"price":{money(product.price_minor)},"quantity":{pieces}}}'
    )
    return Order(lines, pieces * product.price_minor, product.currency)
