"""Days of the shop as JSON records, in order of arrival.

Order is exact within a day. A visit that begins before midnight (UTC) ends in the day of its
beginning, so that over midnight the records of two days may interleave by the length of a visit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tailorbird.schema import DAY, Instant, Product
from tailorbird.simulator import days, records
from tailorbird.simulator.baskets import LINES, Baskets
from tailorbird.simulator.catalogue import PERIOD_DAYS, URL, Catalogue
from tailorbird.simulator.days import Days, Plan, Steps
from tailorbird.simulator.draws import Draws, Ints
from tailorbird.simulator.keys import address_token, user_id
from tailorbird.simulator.people import SECOND_ACCOUNT, People
from tailorbird.simulator.records import money
from tailorbird.simulator.visits import RETURN, Visits
from tailorbird.simulator.words import CATEGORIES

HOME_SHARE = 0.35
"""Share of visits that open at the home page; the others open at a shelf."""
DWELL_MEAN_SECONDS = 35


@dataclass(frozen=True, slots=True)
class Sheet:
    """What every record of a day has in common, one text a record."""

    plan: Plan
    steps: Steps
    messages: list[str]
    who: list[str]
    stamps: list[str]


class Writer:
    """Writes the days of one shop."""

    def __init__(
        self, draws: Draws, people: People, catalogue: Catalogue, visits: Visits, tag: str
    ) -> None:
        self.draws = draws
        self.people = people
        self.catalogue = catalogue
        self.baskets = Baskets(draws, people, catalogue)
        self.visits = visits
        self.start: Instant = visits.clock.start
        self.days = Days(draws, people, self.baskets, visits)
        self.tag = tag
        self.fragments = lru_cache(maxsize=64)(self._fragments)
        self.kinds: dict[int, Callable[[Sheet, Ints], list[str]]] = {
            days.IDENTIFY: self._identifies,
            days.PAGE: self._pages,
            days.VIEW: self._views,
            days.ADD: self._adds,
            days.ORDER: self._orders,
            days.REFUND: self._refunds,
            days.WITHDRAW: self._withdrawals,
            days.BAD: self._bad,
        }

    def write(self, day: int) -> tuple[list[str], Ints]:
        """Return the records of a day and the instants at which they arrive, both in order."""
        shelf, shelf_at = self._shelf(day)
        rows = self.visits.day(day)
        if not rows.person.size:
            return shelf, shelf_at
        plan = self.days.plan(rows)
        steps = self.days.steps(plan)
        texts = self._texts(plan, steps)
        order = np.argsort(steps.arrival, kind="stable")
        arrivals = np.concatenate([shelf_at, self.start + steps.arrival[order]])
        return shelf + [texts[place] for place in order.tolist()], arrivals

    def shelf_size(self, day: int) -> int:
        """Return how many catalogue records open a day."""
        if day % PERIOD_DAYS:
            return 0
        return int((self.catalogue.launch_period <= day // PERIOD_DAYS).sum())

    def _shelf(self, day: int) -> tuple[list[str], Ints]:
        if day % PERIOD_DAYS:
            return [], np.empty(0, dtype=np.int64)
        at = self.start + day * DAY
        products = self.catalogue.products(day // PERIOD_DAYS, at)
        stamp = records.timestamps(np.array([at]))[0]
        texts = [
            records.track(
                "product_updated",
                f"sim-{self.tag}-shelf-{day}-{product.item}",
                "",
                stamp,
                _product(product),
            )
            for product in products
        ]
        return texts, np.full(len(texts), at)

    def _texts(self, plan: Plan, steps: Steps) -> list[str]:
        sheet = self._sheet(plan, steps)
        texts = [""] * steps.row.size
        for code, write in self.kinds.items():
            places = np.flatnonzero(steps.code == code)
            if places.size:
                for place, text in zip(places.tolist(), write(sheet, places), strict=True):
                    texts[place] = text
        for place in np.flatnonzero(steps.code == days.RESENT).tolist():
            texts[place] = texts[place - 1]
        return texts

    def _sheet(self, plan: Plan, steps: Steps) -> Sheet:
        rows, places = steps.row.tolist(), steps.place.tolist()
        kinds = np.where(plan.rows.kind >= RETURN, plan.rows.kind, 0).tolist()
        visits = zip(plan.ids.tolist(), plan.number.tolist(), kinds, strict=True)
        message = [f"sim-{self.tag}-{ident}-{number}-{kind}-" for ident, number, kind in visits]
        known, strange = self._who(plan)
        is_known = (steps.place >= plan.known_from[steps.row]).tolist()
        return Sheet(
            plan=plan,
            steps=steps,
            messages=[f"{message[row]}{place}" for row, place in zip(rows, places, strict=True)],
            who=[
                known[row] if yes else strange[row] for row, yes in zip(rows, is_known, strict=True)
            ],
            stamps=records.timestamps(self.start + steps.at),
        )

    def _who(self, plan: Plan) -> tuple[list[str], list[str]]:
        """Return the identifiers of each visit when the person is known, and when not."""
        second = plan.second.tolist()
        account = (plan.second & (self.people.second_identity(plan.ids) == SECOND_ACCOUNT)).tolist()
        numbers = plan.ids.tolist()
        strange = [
            f'"anonymousId":"d{number:07d}{"b" if other else ""}"'
            for number, other in zip(numbers, second, strict=True)
        ]
        known = [
            f'"userId":"{user_id(number)}{"b" if other else ""}",{device}'
            for number, other, device in zip(numbers, account, strange, strict=True)
        ]
        return known, strange

    def _identifies(self, sheet: Sheet, places: Ints) -> list[str]:
        rows = sheet.steps.row[places]
        ids = sheet.plan.ids[rows]
        tokens = [address_token(user_id(number)) for number in ids.tolist()]
        contacts = self.people.contacts(ids, tokens)
        consents = records.consents(self.people, ids, "sign-up form")
        again = sheet.plan.second[rows].tolist()
        texts = []
        for place, contact, consent, other in zip(
            places.tolist(), contacts, consents, again, strict=True
        ):
            said = contact._replace(email=contact.email.title()) if other else contact
            texts.append(
                records.identify(
                    sheet.messages[place],
                    sheet.who[place],
                    sheet.stamps[place],
                    records.traits(said),
                    "" if other else consent,
                )
            )
        return texts

    def _withdrawals(self, sheet: Sheet, places: Ints) -> list[str]:
        said = records.consent({"email_marketing": False}, "preference page")
        return [
            records.identify(sheet.messages[place], sheet.who[place], sheet.stamps[place], "", said)
            for place in places.tolist()
        ]

    def _pages(self, sheet: Sheet, places: Ints) -> list[str]:
        rows = sheet.steps.row[places]
        home = self.draws.uniform("home", sheet.plan.ids[rows], sheet.plan.number[rows])
        shelf = self.catalogue.category[sheet.plan.main[rows]]
        which = np.where(home < HOME_SHARE, len(CATEGORIES), shelf)
        return [
            records.page(sheet.messages[at], sheet.who[at], sheet.stamps[at], _PAGES[page])
            for at, page in zip(places.tolist(), which.tolist(), strict=True)
        ]

    def _views(self, sheet: Sheet, places: Ints) -> list[str]:
        rows, nth = sheet.steps.row[places], sheet.steps.place[places]
        ids, number = sheet.plan.ids[rows], sheet.plan.number[rows]
        dwell = (DWELL_MEAN_SECONDS * self.draws.exponential("dwell", ids, number, nth)).astype(
            np.int64
        )
        return [
            records.track(
                "Product Viewed",
                sheet.messages[at],
                sheet.who[at],
                sheet.stamps[at],
                f'{product},"currency":"EUR","dwell_seconds":{seconds + 1}',
            )
            for at, product, seconds in zip(
                places.tolist(), self._products(sheet, places), dwell.tolist(), strict=True
            )
        ]

    def _adds(self, sheet: Sheet, places: Ints) -> list[str]:
        return [
            records.track(
                "Product Added",
                sheet.messages[at],
                sheet.who[at],
                sheet.stamps[at],
                f'{product},"quantity":1,"currency":"EUR"',
            )
            for at, product in zip(places.tolist(), self._products(sheet, places), strict=True)
        ]

    def _orders(self, sheet: Sheet, places: Ints) -> list[str]:
        rows = sheet.steps.row[places]
        who, when = sheet.plan.who.at(rows), sheet.plan.when.at(rows)
        lead = sheet.plan.rows.lead[rows].astype(np.int64)
        products, quantities = self.baskets.order(who, when, lead)
        lines, totals = self.order_lines(products, quantities, when.period)
        order_ids = self._order_ids(sheet, rows)
        return [
            records.track(
                "Order Completed",
                sheet.messages[at],
                sheet.who[at],
                sheet.stamps[at],
                records.order(order_id, money(total), line),
            )
            for at, order_id, line, total in zip(
                places.tolist(), order_ids, lines, totals, strict=True
            )
        ]

    def order_lines(
        self, products: Ints, quantities: Ints, period: Ints
    ) -> tuple[list[str], list[int]]:
        """Return (the products of each order as JSON, its total in cents)."""
        bought = products >= 0
        prices = self.catalogue.prices[products, period[:, None]]
        totals = np.where(bought, prices * quantities, 0).sum(axis=1).tolist()
        columns = zip(products.tolist(), quantities.tolist(), period.tolist(), strict=True)
        lines = []
        for row, pieces, month in columns:
            fragments = self.fragments(month)
            lines.append(
                ",".join(
                    f'{{{fragments[row[line]]},"quantity":{pieces[line]}}}'
                    for line in range(LINES)
                    if row[line] >= 0
                )
            )
        return lines, totals

    def _refunds(self, sheet: Sheet, places: Ints) -> list[str]:
        """Return refunds of the main product of an order, with as many pieces as were bought."""
        rows = sheet.steps.row[places]
        who, when = sheet.plan.who.at(rows), sheet.plan.when.at(rows)
        main = sheet.plan.main[rows]
        pieces = self.baskets.quantity(who, when, 0)
        totals = self.catalogue.prices[main, when.period] * pieces
        columns = zip(
            places.tolist(),
            self._order_ids(sheet, rows),
            self._products(sheet, places),
            pieces.tolist(),
            totals.tolist(),
            strict=True,
        )
        return [
            records.track(
                "Order Refunded",
                sheet.messages[at],
                sheet.who[at],
                sheet.stamps[at],
                records.order(
                    order_id, money(total), f'{{{product},"quantity":{quantity}}}', member="total"
                ),
            )
            for at, order_id, product, quantity, total in columns
        ]

    def _bad(self, sheet: Sheet, places: Ints) -> list[str]:
        rows = sheet.steps.row[places]
        forms = self.draws.below(
            len(records.BAD_FORMS), "bad form", sheet.plan.ids[rows], sheet.plan.number[rows]
        )
        return [
            records.bad(form, sheet.messages[at] + "-bad", sheet.who[at], sheet.stamps[at])
            for at, form in zip(places.tolist(), forms.tolist(), strict=True)
        ]

    def _order_ids(self, sheet: Sheet, rows: Ints) -> list[str]:
        columns = zip(sheet.plan.ids[rows].tolist(), sheet.plan.number[rows].tolist(), strict=True)
        return [f"o{number:07d}-{visit}" for number, visit in columns]

    def _products(self, sheet: Sheet, places: Ints) -> list[str]:
        periods = sheet.plan.when.period[sheet.steps.row[places]].tolist()
        products = sheet.steps.product[places].tolist()
        return [
            self.fragments(period)[product]
            for period, product in zip(periods, products, strict=True)
        ]

    def _fragments(self, period: int) -> list[str]:
        """Return the members that name each product, with the price of a period."""
        columns = zip(
            self.catalogue.ids,
            self.catalogue.names,
            self.catalogue.category.tolist(),
            self.catalogue.prices[:, period].tolist(),
            strict=True,
        )
        return [
            f'"product_id":"{item}","name":"{name}","category":"{CATEGORIES[shelf].name}",'
            f'"price":{money(price)}'
            for item, name, shelf, price in columns
        ]


def _product(product: Product) -> str:
    return (
        f'"product_id":"{product.item}","name":"{product.name}","category":"{product.category}",'
        f'"price":{money(product.price_minor)},"currency":"{product.currency}",'
        f'"url":"{product.url}","image_url":"","stock":{product.stock}'
    )


def _page(name: str, path: str) -> str:
    return (
        f'"name":"{name}","properties":{{"path":"{path}","title":"{name}","url":"{URL}{path[1:]}"}}'
    )


_PAGES = [
    *(
        _page(shelf.name, "/shelves/" + shelf.name.lower().replace(" ", "-"))
        for shelf in CATEGORIES
    ),
    _page("Home", "/"),
]
