"""Conditions on events, as authors write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any as Anything
from typing import Final

from tailorbird.schema import Names
from tailorbird.segments import durations, operands
from tailorbird.segments.conditions import Comparison, Did, DidNot, Then, Total
from tailorbird.segments.reader import Keyed, Reader
from tailorbird.yaml_text import Path

EVENTS: Final = frozenset(
    (
        Names.PURCHASE, Names.RETURN, Names.ADD_TO_CART, Names.PRODUCT_VIEWED, Names.PAGE_VIEWED,
        Names.EMAIL_SENT, Names.EMAIL_OPENED, Names.EMAIL_CLICKED, Names.EMAIL_BOUNCED,
        Names.UNSUBSCRIBED, Names.PAGE_LEFT, Names.SCREEN_VIEWED, Names.PRODUCT_LIST_VIEWED,
        Names.PRODUCTS_SEARCHED, Names.REMOVE_FROM_CART, Names.CART_VIEWED, Names.CHECKOUT_STARTED,
        Names.COUPON_APPLIED, Names.ORDER_CANCELLED, Names.WISHLIST_ADDED, Names.WISHLIST_REMOVED,
        Names.TICKET_OPENED, Names.TICKET_CLOSED, Names.SURVEY_ANSWERED, Names.REVIEW_SUBMITTED,
        Names.SESSION_STARTED, Names.SESSION_ENDED,
    )
)  # fmt: skip
"""Canonical events that leave facts behind."""


def did(reader: Reader, value: Keyed, path: Path) -> Did | Then:
    """Return a `did`, alone or followed by a `then` or a `then_not`."""
    if "then" in value or "then_not" in value:
        return _then(reader, value, path)
    keys = ("did", "where", "times", "sum", "within", "older_than")
    reader.mapping(value, path, keys)
    if "times" in value and "sum" in value:
        reader.refuse("both 'times' and 'sum'", (*path, "sum"), "write two conditions in `all`")
    within, older_than = reader.window(value, path, "within")
    return Did(
        event=_event(reader, value["did"], (*path, "did")),
        where=reader.filters(value, path, "where"),
        times=_times(reader, value, path),
        total=_total(reader, value, path),
        within=within,
        older_than=older_than,
    )


def did_not(reader: Reader, value: Keyed, path: Path) -> DidNot:
    """Return a `did_not`."""
    reader.mapping(value, path, ("did_not", "where", "within", "older_than"))
    within, older_than = reader.window(value, path, "within")
    event = _event(reader, value["did_not"], (*path, "did_not"))
    return DidNot(event, reader.filters(value, path, "where"), within, older_than)


def _then(reader: Reader, value: Keyed, path: Path) -> Then:
    keys = ("did", "then", "then_not", "where", "then_where", "within", "since", "older_than")
    reader.mapping(value, path, keys)
    if "then" in value and "then_not" in value:
        reader.refuse("both 'then' and 'then_not'", (*path, "then_not"), "keep one of them")
    word = "then" if "then" in value else "then_not"
    since, older_than = reader.window(value, path, "since")
    within = reader.duration(value, path, "within")
    if word == "then_not" and within and since and within >= since:
        what = f"'since' ({durations.written(since)}) ends before 'within' is over"
        reader.refuse(what, (*path, "since"), "make 'since' longer than 'within'")
    return Then(
        event=_event(reader, value["did"], (*path, "did")),
        then=_event(reader, value[word], (*path, word)),
        absent=word == "then_not",
        where=reader.filters(value, path, "where"),
        then_where=reader.filters(value, path, "then_where"),
        within=within,
        since=since,
        older_than=older_than,
    )


def _event(reader: Reader, name: Anything, path: Path) -> str:
    if not isinstance(name, str) or not name:
        reader.refuse("an event's name is text", path, "put it in quotes")
    if name in (Names.IDENTIFY, Names.PRODUCT_UPDATED, Names.CONSENT_CHANGED):
        reader.refuse(f"{name!r} leaves no fact behind", path, "ask for a trait instead")
    extra = reader.vocabulary.events if reader.vocabulary else frozenset()
    reader.known("event", name, EVENTS | extra, path)
    return name


def _times(reader: Reader, value: Keyed, path: Path) -> Comparison | None:
    if "times" not in value:
        return None
    path = (*path, "times")
    comparison = reader.comparison(value["times"], path, "times", "integer")
    if any(isinstance(count, int) and count < 0 for count in comparison.operands):
        reader.refuse("nobody does something less than 0 times", path, "count from 0")
    return comparison


def _total(reader: Reader, value: Keyed, path: Path) -> Total | None:
    if "sum" not in value:
        return None
    path, inner = (*path, "sum"), value["sum"]
    if not isinstance(inner, Mapping) or inner.get("of") not in operands.TOTALS:
        reader.refuse("'sum' needs what to add up", path, "write `of: value_minor`")
    rest = {key: each for key, each in inner.items() if key != "of"}
    of = next(each for each in operands.TOTALS if each == inner["of"])
    return Total(of, reader.comparison(rest, path, of, "integer", ("of",)))
