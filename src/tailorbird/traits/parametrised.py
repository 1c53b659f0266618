"""Traits with parameters, for models and mails: `count(purchase, 30d)`, `trend(purchase, 7d)`.

Their names are what they mean, so that two authors who want the same trait get one. Of opened and
clicked mails only those of humans count.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from tailorbird import durations
from tailorbird.schema import DAY, Names
from tailorbird.traits.patterns import Points
from tailorbird.traits.terms import (
    MILLION,
    SESSIONS,
    Age,
    Constant,
    Count,
    Decayed,
    Difference,
    First,
    Last,
    Orders,
    ProductTest,
    Quotient,
    Rows,
    Scaled,
    Sum,
    Test,
    Value,
)
from tailorbird.traits.wording import nouns, span

ParametrisedType: TypeAlias = Literal["integer", "millionths"]
FORMS: Final = (
    "count(EVENT, 30d)", "sum(EVENT, value_minor, 30d)", "decayed(EVENT, 30d)", "trend(EVENT, 30d)",
    "share(EVENT, CATEGORY, 365d)", "since(EVENT)", "rhythm(EVENT)", "silence(EVENT)",
)  # fmt: skip
"""Every form, as authors write it."""
LONGEST: Final = 3_660 * DAY
_FORM: Final = re.compile(r"([a-z_]+)\(([^()]{1,200})\)")
_ORDERED: Final = frozenset({Names.PURCHASE, Names.RETURN})
_BY_MACHINES_TOO: Final = frozenset({Names.EMAIL_OPENED, Names.EMAIL_CLICKED})
_AMOUNTS: Final[dict[str, Literal["value_minor", "quantity", "dwell_seconds"]]] = {
    "value_minor": "value_minor", "quantity": "quantity", "dwell_seconds": "dwell_seconds",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parametrised:
    """A trait that a name spells out."""

    event: str
    type: ParametrisedType
    unit: str
    description: str
    value: Value
    said: str
    """What it says of a person, around `{value}`."""
    lacking: str
    """What is said of who has no value."""
    about: str
    """What it is, without a value."""
    nouns: tuple[str, str] | None = None
    """One and many of what is counted."""


def parametrised(name: str) -> Parametrised | None:
    """Return the trait that a name with parameters means, None where it means none."""
    match = _FORM.fullmatch(name)
    if match is None or match[1] not in _READERS:
        return None
    words = [word.strip() for word in match[2].split(",")]
    return _READERS[match[1]](words) if all(words) else None


def _rows(event: str, within: int | None = None) -> Rows:
    human = (Test("machine", "=", (False,)),) if event in _BY_MACHINES_TOO else ()
    return Rows((event,), human, within=within)


def _number(rows: Rows) -> Value:
    """Return how many: an order of several events counts once."""
    return Orders(rows) if rows.events[0] in _ORDERED else Count(rows)


def _window(text: str) -> int | None:
    length = durations.read(text)
    return length if length and length <= LONGEST else None


def _count(words: list[str]) -> Parametrised | None:
    if len(words) != 2 or not (within := _window(words[1])):
        return None
    says = f"How often {words[0]} in the last {words[1]}"
    number = _number(_rows(words[0], within))
    of, last = nouns(words[0]), f"in the last {span(words[1])}"
    told, about = f"{{value}} {last}", f"{of[1]} {last}"
    return Parametrised(words[0], "integer", "times", says, number, told, f"no {of[1]}", about, of)


def _sum(words: list[str]) -> Parametrised | None:
    if len(words) != 3 or words[1] not in _AMOUNTS or not (within := _window(words[2])):
        return None
    says = f"The sum of {words[1]} of {words[0]} in the last {words[2]}"
    total = Sum(_rows(words[0], within), _AMOUNTS[words[1]])
    _, many = nouns(words[0])
    last = span(words[2])
    told, about = {
        "value_minor": (
            f"{many} worth {{value}} in the last {last}", f"worth of {many} in the last {last}"
        ),
        "quantity": (
            f"{{value}} in {many} of the last {last}", f"pieces in {many} of the last {last}"
        ),
        "dwell_seconds": (
            f"{{value}} of reading in the last {last}", f"time of reading in the last {last}"
        ),
    }[words[1]]  # fmt: skip
    pieces = ("piece", "pieces") if words[1] == "quantity" else None
    lacking = f"no {many}"
    return Parametrised(words[0], "integer", words[1], says, total, told, lacking, about, pieces)


def _decayed(words: list[str]) -> Parametrised | None:
    length = _window(words[1]) if len(words) == 2 else None
    if not length or length % DAY or words[0] in SESSIONS:
        return None
    says = f"How often {words[0]}, each counting half as much every {words[1]}"
    total = Decayed((Points(words[0], 1),), length // DAY)
    of = nouns(words[0])
    late = f"of late (each counts half as much every {span(words[1])})"
    told, about, lacking = f"{{value}} {late}", f"{of[1]} {late}", f"no {of[1]}"
    return Parametrised(words[0], "millionths", "times", says, total, told, lacking, about, of)


def _trend(words: list[str]) -> Parametrised | None:
    if len(words) != 2 or not (within := _window(words[1])):
        return None
    recent = _number(_rows(words[0], within))
    both = _number(_rows(words[0], 2 * within))
    says = f"The share of the last {words[1]} in {words[0]} of twice as long: half is steady"
    share = Quotient(Scaled(recent, MILLION), both)
    _, many = nouns(words[0])
    twice = span(words[1], 2)
    told = f"{{value}} of the {many} of the last {twice} fall into the last {span(words[1])}"
    lacking = f"no {many} in the last {twice}"
    about = f"share of the {many} of the last {twice} in the last {span(words[1])}"
    return Parametrised(words[0], "millionths", "share", says, share, told, lacking, about)


def _share(words: list[str]) -> Parametrised | None:
    if len(words) != 3 or not (within := _window(words[2])):
        return None
    event, category, length = words
    every = _rows(event, within)
    only = ProductTest((("category", "=", (category,)),))
    chosen = Rows((event,), (*every.where, only), within=within)
    says = f"The share of {category} in {event} of the last {length}"
    share = Quotient(Scaled(_number(chosen), MILLION), _number(every))
    _, many = nouns(event)
    told = f"{{value}} of the {many} of the last {span(length)} are of {category}"
    lacking = f"no {many} in the last {span(length)}"
    about = f"share of {category} in the {many} of the last {span(length)}"
    return Parametrised(event, "millionths", "share", says, share, told, lacking, about)


def _since(words: list[str]) -> Parametrised | None:
    if len(words) != 1:
        return None
    says = f"Whole days since the latest {words[0]}"
    one, many = nouns(words[0])
    told, lacking = f"{{value}} since the last {one}", f"no {many} yet"
    age, about = Age(Last(_rows(words[0]))), f"days since the last {one}"
    return Parametrised(words[0], "integer", "days", says, age, told, lacking, about)


def _days_between(event: str) -> Value:
    """Return the mean days between one and the next; missing of whom there is one alone."""
    rows = _rows(event)
    often = Difference(_number(rows), Constant(1))
    spread = Difference(Age(First(rows)), Age(Last(rows)))
    return Quotient(spread, often)


def _rhythm(words: list[str]) -> Parametrised | None:
    if len(words) != 1:
        return None
    says = f"Mean whole days from one {words[0]} to the next"
    between = _days_between(words[0])
    one, many = nouns(words[0])
    told = f"usually {{value}} from one {one} to the next"
    lacking, about = f"fewer than two {many}", f"usual days from one {one} to the next"
    return Parametrised(words[0], "integer", "days", says, between, told, lacking, about)


def _silence(words: list[str]) -> Parametrised | None:
    if len(words) != 1:
        return None
    says = f"Days since the latest {words[0]}, as a multiple of the days usual between two"
    quiet = Quotient(Scaled(Age(Last(_rows(words[0]))), MILLION), _days_between(words[0]))
    one, many = nouns(words[0])
    told = f"the wait since the last {one} is {{value}} times the usual one"
    lacking, unit = f"fewer than two {many}", "times the usual"
    about = f"wait since the last {one} in times of the usual one"
    return Parametrised(words[0], "millionths", unit, says, quiet, told, lacking, about)


_READERS: Final[dict[str, Callable[[list[str]], Parametrised | None]]] = {
    "count": _count, "sum": _sum, "decayed": _decayed, "trend": _trend, "share": _share,
    "since": _since, "rhythm": _rhythm, "silence": _silence,
}  # fmt: skip
