"""What a staged file says has happened, as Segment-spec messages in the order of the log.

Every message id is made from what the message says: the same order in another export, or in a file
that overlaps this one, has the same id.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, TypeAlias

import msgspec

from tailorbird import money
from tailorbird.collect import columns
from tailorbird.collect.columns import Message as Message
from tailorbird.collect.columns import iso as iso
from tailorbird.collect.columns import plain
from tailorbird.collect.mapping_schema import Category, Conditions, Customers
from tailorbird.collect.sources.mapped_sql import SqlValue, customer_of, key_of
from tailorbird.collect.sources.staging import Staging
from tailorbird.schema import Instant, Names

Told: TypeAlias = tuple[int, Message]
"""A part of the file, and what it says."""

MILLION: Final = 10**6


@dataclass(slots=True)
class Tally:
    """What has been said so far."""

    products: int = 0
    customers: set[str] = field(default_factory=set)
    orders: int = 0
    returns: int = 0
    guest_orders: int = 0
    events: int = 0


class History:
    """The messages of one staged file."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging
        self._mapping = staging.mapping
        self._categories: dict[tuple[int, str], str] = {}
        self._told = 0
        self.tally = Tally()

    @property
    def done(self) -> float:
        """Return the share of the file's rows that have been told, 0 to 1."""
        return min(self._told / max(self._staging.taken, 1), 1.0)

    def messages(self) -> Iterator[Message]:
        """Yield the catalogue, then the people, then what happened, each in order of time."""
        return (message for _, message in self.told())

    def told(self) -> Iterator[Told]:
        """Yield the messages, each after the part of the file that says it."""
        for section in (self._catalogue, self._people, self._orders, self._events):
            for told in section():
                self.tally.events += 1
                yield told

    # -- the catalogue --------------------------------------------------------------------------

    def _catalogue(self) -> Iterator[Told]:
        products = self._mapping.products
        if products is None:
            return
        category = products.category
        derived = category is not None and bool(category.keywords)
        by_name = derived and category is not None and category.column == products.name
        categorise = _categoriser(category) if derived and category else None
        only, bound = self._staging.sql(products.only)
        returns, more = self._returns()
        query = CATALOGUE.format(
            **{
                key: self._name(getattr(products, key))
                for key in ("id", "name", "price", "time", "url", "image_url", "stock")
            },
            places=", ".join(map(self._name, products.places)) or "NULL",
            category=self._name(category.column if category and not by_name else ""),
            currency=self._name(self._mapping.currency.column),
            only=only,
            returns=returns,
            part=self._staging.part,
        )
        for row in self._staging.rows(query, [*more, *bound]):
            part, item, name, price, found, url, image_url, stock, currency, at = row
            if categorise is not None:
                found = categorise(name if by_name else found)
            self._categories[part, item] = found or ""
            self.tally.products += 1
            properties = _present(
                product_id=item, name=name, category=found, url=url, image_url=image_url,
                price=None if price is None else price / MILLION, stock=stock,
                currency=currency or self._mapping.currency.otherwise or None,
            )  # fmt: skip
            name = Names.PRODUCT_UPDATED
            yield part, message_of("track", at, "", event=name, properties=properties)

    # -- people ---------------------------------------------------------------------------------

    def _people(self) -> Iterator[Told]:
        customers = self._mapping.customers
        if customers is None:
            return
        answered = [*customers.consents.items(), *customers.withdrawn.items()]
        columns = [*customers.traits.values(), *(column for _, column in answered)]
        said = ", ".join(f"{self._name(name)} AS t{i}" for i, name in enumerate(columns))
        names = ", ".join(f"t{i}" for i in range(len(columns)))
        query = PEOPLE.format(
            customer=self._customer(),
            time=self._name(customers.time),
            said=f", {said}" if said else "",
            names=names or "0",
            part=self._staging.part,
        )
        types = [self._mapping.column(name).type for name in columns]
        split = len(customers.traits)
        for part, customer, at, *cells in self._staging.rows(query):
            values = list(map(plain, types, cells))
            traits = _present(**dict(zip(customers.traits, values, strict=False)))
            answers = self._answers(customers, values[split:])
            self.tally.customers.add(customer)
            extra: Message = {}
            if answers:
                evidence = f"import with mapping {self._mapping.name}"
                answers |= {"wordingVersion": customers.wording_version, "evidence": evidence}
                extra["context"] = {"consent": answers}
            yield part, message_of("identify", at, customer, traits=traits, **extra)

    def _answers(self, customers: Customers, values: list[Any]) -> Message:
        """Return purpose -> whether it is allowed; a withdrawal outranks."""
        split = len(customers.consents)
        answers = _present(**dict(zip(customers.consents, values[:split], strict=True)))
        taken_back = zip(customers.withdrawn, values[split:], strict=True)
        return answers | {purpose: False for purpose, value in taken_back if value}

    # -- orders ---------------------------------------------------------------------------------

    def _orders(self) -> Iterator[Told]:
        orders = self._mapping.orders
        if orders is None:
            return
        only, bound = self._staging.sql(orders.products_only)
        returns, more = self._returns()
        refunded, last = self._tests(orders.refunded)
        query = ORDERS.format(
            customer=self._customer(),
            only=only,
            returns=returns,
            refunded=refunded,
            currency=self._name(self._mapping.currency.column),
            quantity=self._name(orders.quantity) if orders.quantity else "1",
            **{key: self._name(getattr(orders, key)) for key in ("id", "time", "product", "price")},
            total=self._name(orders.total),
            part=self._staging.part,
        )
        rows = self._staging.rows(query, [*more, *bound, *last])
        for _, lines_of_one in groupby(rows, key=itemgetter(0, 4)):
            yield self._order(lines := list(lines_of_one))
            self._told += len(lines)

    def _order(self, lines: list[tuple[Any, ...]]) -> Told:
        _, at, order_id, customer, back, part, *_ = lines[0]
        currency = next((c for *_, c in lines if c), "") or self._mapping.currency.otherwise
        said = next((total for *_, total, _ in lines if total is not None), None)
        summed = sum(quantity * price for *_, quantity, price, _, _ in lines)
        total = _rounded(abs(summed if said is None else said), money.exponent(currency))
        products = [
            _present(
                product_id=item, price=price / MILLION, quantity=abs(quantity),
                category=self._categories.get((part, item)) or None,
            )
            for *_, item, quantity, price, _, _ in lines
            if item is not None
        ]  # fmt: skip
        self.tally.orders += not back
        self.tally.returns += bool(back)
        self.tally.guest_orders += not back and not customer
        properties = _present(
            order_id=order_id, total=total, currency=currency or None, products=products
        )
        name = Names.RETURN if back else Names.PURCHASE
        # What a product is filed under may change between imports; the order stays the same one.
        sold = sorted((p["product_id"], p["quantity"], p["price"]) for p in products)
        identity = [name, order_id, customer, at, total, currency, sold]
        if self._mapping.orders is not None and self._mapping.orders.once:
            identity = identity[:3]
        return part, message_of("track", at, customer, identity, event=name, properties=properties)

    # -- other events ---------------------------------------------------------------------------

    def _events(self) -> Iterator[Told]:
        events = self._mapping.events
        if events is None:
            return
        said = "".join(f", {self._name(name)}" for name in events.properties.values())
        key, bound = key_of(self._mapping)
        query = EVENTS.format(
            customer=self._customer(),
            time=self._name(events.time),
            name=self._name(events.name_column),
            key=key,
            said=said,
            part=self._staging.part,
        )
        types = [self._mapping.column(name).type for name in events.properties.values()]
        for customer, at, name, row_key, part, *cells in self._staging.rows(query, bound):
            self._told += 1
            properties = _present(
                **dict(zip(events.properties, map(plain, types, cells), strict=True))
            )
            yield part, columns.message(at, name or events.name, customer, row_key, properties)

    # -- names in the SQL -----------------------------------------------------------------------

    def _name(self, column: str) -> str:
        return self._staging.name(column)

    def _customer(self) -> str:
        """Return the expression of who a row is about, '' for a guest."""
        return customer_of(self._mapping)

    def _returns(self) -> tuple[str, list[SqlValue]]:
        return self._tests(self._mapping.orders.returns if self._mapping.orders else ())

    def _tests(self, conditions: Conditions) -> tuple[str, list[SqlValue]]:
        """Return conditions of which none means never."""
        return self._staging.sql(conditions) if conditions else ("FALSE", [])


CATALOGUE: Final = """
WITH offered AS (
    SELECT line, {part} AS part, {id} AS id, {name} AS name, {price} AS price, {time} AS moment,
        {category} AS category, {url} AS url, {image_url} AS image_url, {stock} AS stock,
        row({places}) AS place,
        {currency} AS currency, {returns} AS back
    FROM taken WHERE {id} IS NOT NULL AND {only}),
named AS (
    SELECT part, id, name, count_if(price > 0) AS priced, count(*) AS times, max(line) AS last
    FROM offered WHERE name IS NOT NULL GROUP BY part, id, name),
-- Notes such as "damaged" stand on lines without a price.
shelves AS (
    SELECT part, id, first(stock ORDER BY moment DESC NULLS LAST, line DESC) AS stock
    FROM offered WHERE stock IS NOT NULL GROUP BY part, id, place),
stocks AS (SELECT part, id, sum(stock)::BIGINT AS stock FROM shelves GROUP BY part, id),
names AS (
    SELECT part, id, first(name ORDER BY priced DESC, times DESC, last DESC) AS name
    FROM named GROUP BY part, id)
SELECT part, id, any_value(names.name),
    coalesce(
        first(price ORDER BY moment DESC NULLS LAST, line DESC) FILTER (price > 0 AND NOT back),
        first(price ORDER BY moment DESC NULLS LAST, line DESC) FILTER (price IS NOT NULL)),
    first(category ORDER BY moment DESC NULLS LAST, line DESC) FILTER (category IS NOT NULL),
    first(url ORDER BY moment DESC NULLS LAST, line DESC) FILTER (url IS NOT NULL),
    first(image_url ORDER BY moment DESC NULLS LAST, line DESC) FILTER (image_url IS NOT NULL),
    any_value(stocks.stock),
    first(currency ORDER BY moment DESC NULLS LAST, line DESC) FILTER (currency IS NOT NULL),
    max(moment)
FROM offered LEFT JOIN names USING (part, id) LEFT JOIN stocks USING (part, id)
GROUP BY part, id ORDER BY part, id
"""

PEOPLE: Final = """
WITH said AS (
    SELECT {part} AS part, {customer} AS customer, {time} AS moment, line{said}
    FROM taken WHERE {customer} <> ''),
compared AS (
    SELECT *, row({names}) IS DISTINCT FROM
        lag(row({names})) OVER (PARTITION BY part, customer ORDER BY moment, line) AS changed
    FROM said)
SELECT * EXCLUDE (line, changed) FROM compared WHERE changed ORDER BY moment, line
"""

ORDERS: Final = """
WITH ordered AS (
    SELECT line, {part} AS part, {id} AS id, {time} AS moment, {customer} AS customer,
        {returns} AS back,
        CASE WHEN {only} THEN {product} END AS item,
        coalesce({quantity}, 1) AS quantity, coalesce({price}, 0) AS price, {total} AS total,
        {currency} AS currency, {refunded} AS refunded
    FROM taken),
told AS (
    SELECT * FROM ordered
    UNION ALL SELECT * REPLACE (TRUE AS back) FROM ordered WHERE refunded AND NOT back)
SELECT min(line) OVER whole AS first, min(moment) OVER whole AS moment, id, customer, back,
    part, item, quantity, price, total, currency
FROM told WINDOW whole AS (PARTITION BY part, id, customer, back) ORDER BY 2, 1, back, line
"""

EVENTS: Final = """
SELECT {customer}, {time}, {name}, {key}, {part}{said} FROM taken ORDER BY 2, line
"""


def message_of(
    kind: str, at: Instant | None, user: str, identity: object = None, /, **fields: Any
) -> Message:
    """Return a message whose id is made from what it says, or from `identity`."""
    message: Message = {"type": kind, **fields}
    if at is not None:
        message["timestamp"] = iso(at)
    if user:
        message["userId"] = user
    told = msgspec.json.encode(message if identity is None else identity)
    message["messageId"] = hashlib.blake2b(told, digest_size=16).hexdigest()
    return message


def _present(**fields: Any) -> Message:
    return {name: value for name, value in fields.items() if value is not None}


def _rounded(millionths: int, exponent: int) -> float:
    """Return millionths as an amount, rounded half up to whole minor units."""
    scale = int(10 ** (6 - exponent))
    return ((millionths + scale // 2) // scale) / float(10**exponent)


def _categoriser(category: Category) -> Callable[[str | None], str]:
    """Return what files a text under the first category that has one of its words."""
    patterns = {
        name: re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})(?:e?s)?(?!\w)")
        for name, words in category.keywords.items()
    }

    def categorise(text: str | None) -> str:
        folded = (text or "").casefold()
        return next(
            (name for name, words in patterns.items() if words.search(folded)), category.otherwise
        )

    return categorise
