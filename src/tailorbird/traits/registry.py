"""The one definition of every trait that we compute, and how any trait is found by its name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from tailorbird.schema import DAY, Names
from tailorbird.traits.parametrised import parametrised
from tailorbird.traits.patterns import Points
from tailorbird.traits.terms import (
    MILLION,
    Age,
    Constant,
    Count,
    Decayed,
    Declared,
    Difference,
    Favourite,
    First,
    Last,
    Newest,
    Orders,
    Quotient,
    Rows,
    Score,
    Steps,
    Sum,
    Value,
)
from tailorbird.traits.wording import told

TraitType: TypeAlias = Literal["integer", "millionths", "instant", "text"]

PURCHASES: Final = Rows((Names.PURCHASE,))
RETURNS: Final = Rows((Names.RETURN,))
SESSIONS: Final = Rows((Names.SESSION_STARTED,))
SESSIONS_90D: Final = Rows((Names.SESSION_STARTED,), within=90 * DAY)
ORDERS_365D: Final = Orders(Rows((Names.PURCHASE,), within=365 * DAY))
CLICK_POINTS: Final = 3
"""A click says more than an open: mail clients open mails by themselves."""
HALF_LIFE_DAYS: Final = 30
_BETWEEN: Final = re.compile(r", (?![^()]*\))")
"""Between names of traits, and not between the parameters of one."""
REPEAT_PURCHASE: Final = "repeat_purchase"
"""The model whose latest score is the trait `purchase_score`."""


@dataclass(frozen=True, slots=True)
class Trait:
    """What is known of a person under one name.

    `needs` names the events, declared traits (`trait:NAME`) and models (`model:NAME`) it reads.
    """

    name: str
    type: TraitType
    unit: str
    description: str
    needs: tuple[str, ...]
    value: Value
    said: str
    """What it says of a person, around `{value}`: `{value} since the last order`."""
    lacking: str
    """What is said of who has no value."""
    about: str
    """What it is, without a value: `days since the last order`."""
    nouns: tuple[str, str] | None = None
    """One and many of what is counted."""


def _listed(*traits: Trait) -> dict[str, Trait]:
    return {trait.name: trait for trait in traits}


_PURCHASE: Final = (Names.PURCHASE,)
_SESSION: Final = (Names.SESSION_STARTED,)
_OPENS_AND_CLICKS: Final = (Names.EMAIL_OPENED, Names.EMAIL_CLICKED)

TRAITS: Final[dict[str, Trait]] = _listed(
    Trait(
        "orders", "integer", "orders",
        "Distinct purchase orders; a purchase without an order id counts as its own",
        _PURCHASE, Orders(PURCHASES),
        "{value} so far", "no orders yet", "orders so far", ("order", "orders"),
    ),
    Trait(
        "first_order_at", "instant", "", "When the first purchase was made",
        _PURCHASE, First(PURCHASES),
        "the first order was on {value}", "no orders yet", "date of the first order",
    ),
    Trait(
        "last_order_at", "instant", "", "When the latest purchase was made",
        _PURCHASE, Last(PURCHASES),
        "the last order was on {value}", "no orders yet", "date of the last order",
    ),
    Trait(
        "recency_days", "integer", "days", "Whole days since the latest purchase",
        _PURCHASE, Age(Last(PURCHASES)),
        "{value} since the last order", "no orders yet", "days since the last order",
    ),
    Trait(
        "tenure_days", "integer", "days", "Whole days since the first purchase",
        _PURCHASE, Age(First(PURCHASES)),
        "{value} since the first order", "no orders yet", "days since the first order",
    ),
    Trait(
        "revenue_minor", "integer", "minor units", "Value of all purchases, net of returns",
        (Names.PURCHASE, Names.RETURN),
        Difference(Sum(PURCHASES, "value_minor"), Sum(RETURNS, "value_minor", absolute=True)),
        "{value} spent in all, returns taken off", "nothing spent yet",
        "money spent in all, returns taken off",
    ),
    Trait(
        "returns", "integer", "returns", "Distinct returns, counted as orders are",
        (Names.RETURN,), Orders(RETURNS),
        "{value} so far", "no returns yet", "returns so far", ("return", "returns"),
    ),
    Trait(
        "average_order_minor", "integer", "minor units",
        "Value of all purchases divided by the orders, truncated",
        _PURCHASE, Quotient(Sum(PURCHASES, "value_minor"), Orders(PURCHASES)),
        "{value} spent an order on average", "no orders yet", "money spent an order on average",
    ),
    Trait(
        "orders_365d", "integer", "orders", "Distinct purchase orders of the last 365 days",
        _PURCHASE, ORDERS_365D,
        "{value} in the last 365 days", "no orders in the last 365 days",
        "orders in the last 365 days", ("order", "orders"),
    ),
    Trait(
        "tier", "text", "",
        "gold: more than 12 orders in the last 365 days; silver: 5 to 12; bronze: 1 to 4; or none",
        _PURCHASE, Steps(ORDERS_365D, ((13, "gold"), (5, "silver"), (1, "bronze")), "none"),
        "the tier is {value}", "no tier", "tier",
    ),
    Trait(
        "favourite_item", "text", "",
        "The item in most purchases; of equals the latest bought, then the first by name",
        _PURCHASE, Favourite(PURCHASES, "item"),
        "buys {value} most often", "no product is bought most often", "product bought most often",
    ),
    Trait(
        "favourite_category", "text", "",
        "The category in most purchases; of equals the latest bought, then the first by name",
        _PURCHASE, Favourite(PURCHASES, "category"),
        "buys from {value} most often", "no category is bought most often",
        "category bought from most often",
    ),
    Trait(
        "country", "text", "", "The country as last declared", ("trait:country",),
        Declared("country", "text"),
        "the country is {value}", "the country is not known", "country",
    ),
    Trait(
        "engagement", "millionths", "points",
        "Human opens (1 point) and clicks (3), each halving every 30 days",
        _OPENS_AND_CLICKS,
        Decayed(
            (Points(Names.EMAIL_OPENED, 1), Points(Names.EMAIL_CLICKED, CLICK_POINTS)),
            HALF_LIFE_DAYS,
        ),
        "{value} of engagement with mails", "no engagement with mails", "engagement with mails",
        ("point", "points"),
    ),
    Trait(
        "sessions_30d", "integer", "sessions",
        "Sessions begun in the last 30 days; 30 minutes without an act end a session",
        _SESSION, Count(Rows((Names.SESSION_STARTED,), within=30 * DAY)),
        "{value} in the last 30 days", "no visits in the last 30 days",
        "visits in the last 30 days", ("visit", "visits"),
    ),
    Trait(
        "last_session_at", "instant", "", "When the latest session began",
        _SESSION, Last(SESSIONS),
        "the last visit was on {value}", "no visits yet", "date of the last visit",
    ),
    Trait(
        "last_session_seconds", "integer", "seconds",
        "From the first to the last act of the latest session that has ended",
        (Names.SESSION_ENDED,), Newest(Rows((Names.SESSION_ENDED,)), "session_seconds"),
        "the last visit lasted {value}", "no visit has ended yet", "length of the last visit",
    ),
    Trait(
        "dwell_seconds_30d", "integer", "seconds",
        "Active time on pages that were left in the last 30 days",
        (Names.PAGE_LEFT,), Sum(Rows((Names.PAGE_LEFT,), within=30 * DAY), "dwell_seconds"),
        "{value} of reading in the last 30 days", "no reading in the last 30 days",
        "time of reading in the last 30 days",
    ),
    Trait(
        "last_channel", "text", "",
        "How the latest session that tells was reached: search, social, email, paid, direct, other",
        _SESSION, Newest(SESSIONS, "channel"),
        "the last visit came by {value}", "how the last visit came is not known",
        "channel of the last visit",
    ),
    Trait(
        "usual_device", "text", "",
        "The device of most sessions of the last 90 days; of equals the latest",
        _SESSION, Favourite(SESSIONS_90D, "device"),
        "the usual device is {value}", "the usual device is not known", "usual device",
    ),
    Trait(
        "usual_hour", "integer", "hour of the day",
        "The local hour (0 to 23) in which most sessions of the last 90 days began; of equals "
        "the latest",
        _SESSION, Favourite(SESSIONS_90D, "hour"),
        "visits mostly around {value}", "the usual hour is not known", "usual hour of visits",
    ),
    Trait(
        "usual_weekday", "integer", "day of the week",
        "The local weekday (1 is Monday) on which most sessions of the last 90 days began; of "
        "equals the latest",
        _SESSION, Favourite(SESSIONS_90D, "weekday"),
        "visits mostly on {value}", "the usual weekday is not known", "usual weekday of visits",
    ),
    Trait(
        "last_country", "text", "", "The country of the latest session that tells",
        _SESSION, Newest(SESSIONS, "country"),
        "the last visit came from {value}", "where the last visit came from is not known",
        "country of the last visit",
    ),
    Trait(
        "purchase_score", "millionths", "probability",
        "Latest probability of the repeat-purchase model",
        (f"model:{REPEAT_PURCHASE}",), Score(REPEAT_PURCHASE),
        "{value} likely to order again", "not scored yet", "how likely another order is",
    ),
    Trait(
        "next_order_expected_at", "instant", "",
        "When the next order is expected, by the model next_order",
        ("model:next_order",), Score("next_order"),
        "the next order is expected on {value}", "no next order is expected",
        "date on which the next order is expected",
    ),
    Trait(
        "value_expected_minor", "integer", "minor units",
        "What the orders of the next 365 days are expected to be worth, by the model value",
        ("model:value",), Quotient(Score("value"), Constant(MILLION)),
        "orders of {value} are expected in the next 365 days", "no orders are expected",
        "expected worth of the orders of the next 365 days",
    ),
    Trait(
        "best_send_hour", "integer", "hour of the day",
        "The local hour (0 to 23) at which mail is best sent, by the model send_hour",
        ("model:send_hour",), Quotient(Score("send_hour"), Constant(MILLION)),
        "mail is best sent at {value}", "the best hour is not known", "best hour for mail",
    ),
)  # fmt: skip
"""Computed traits by name, a closed list. Every other name is a declared trait."""


@lru_cache(maxsize=1024)
def computed(name: str) -> Trait | None:
    """Return the trait of this name if it is computed: of the list, or spelt out with parameters.

    >>> computed("count(purchase, 30d)").unit, computed("favourite_colour")
    ('times', None)
    """
    if (known := TRAITS.get(name)) is not None:
        return known
    if (spelt := parametrised(name)) is None:
        return None
    return Trait(
        name, spelt.type, spelt.unit, spelt.description, (spelt.event,), spelt.value,
        spelt.said, spelt.lacking, spelt.about, spelt.nouns,
    )  # fmt: skip


def trait(name: str) -> Trait:
    """Return the trait of this name; one that is not computed is declared, as text."""
    if (known := computed(name)) is not None:
        return known
    own = name.replace("_", " ")
    return Trait(
        name, "text", "", "As last declared", (f"trait:{name}",), Declared(name, "text"),
        f"{own} is {{value}}", f"{own} is not known", own,
    )  # fmt: skip


def words(name: str, value: object, currency: str = "") -> str:
    """Return what a trait says of a person as a marketer reads it; a missing value is None.

    >>> words("recency_days", 31), words("revenue_minor", 31240, "EUR")
    ('31 days since the last order', '312.40 EUR spent in all, returns taken off')
    >>> words("silence(purchase)", 6_016_940)
    'the wait since the last order is 6.0 times the usual one'
    """
    return told(trait(name), value, currency)


def about(name: str) -> str:
    """Return what a trait is as a marketer reads it; of several traits, as rules are named, all.

    >>> about("recency_days"), about("loyalty_level")
    ('days since the last order', 'loyalty level')
    >>> about("recency_days, count(email_sent, 30d)")
    'days since the last order and mails sent in the last 30 days'
    """
    return " and ".join(trait(each).about for each in _BETWEEN.split(name))
