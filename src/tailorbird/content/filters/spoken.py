"""Filters that write numbers, dates and words as the reader's language does.

The language of a mail stands in its values as `locale`, its zone as `zone` or `shop.zone`. Without
a locale amounts, dates and numbers are written as in English.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Literal

from tailorbird.content.faults import Unfit
from tailorbird.content.filters.dates import moment, zone_named
from tailorbird.content.filters.register import Filter
from tailorbird.content.values import bound, inspect, number, text
from tailorbird.schema import SECOND

if TYPE_CHECKING:
    from babel import Locale

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MOST_DIGITS = 100
_FORMS = ("short", "medium", "long", "full")


def locale_of(data: Mapping[str, object], given: object = None) -> str:
    """Return the locale that a filter works in: the one given, else the mail's, else ''."""
    found = data.get("locale") if given is None else given
    return found if isinstance(found, str) else ""


@functools.lru_cache(maxsize=256)
def babel_locale(name: str) -> Locale:
    """Return what Babel knows of a locale.

    Raises:
        Unfit: there is no such locale.
    """
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        raise Unfit(f"there is no locale {name!r}", mend="write it as de or de-AT") from None


def zone_of(data: Mapping[str, object], given: object = None) -> dt.tzinfo:
    """Return the zone that a date is written in: the one given, the mail's, the shop's, or UTC."""
    shop = data.get("shop")
    own = shop.get("zone") if isinstance(shop, dict) else None
    for name in (given, data.get("zone"), own):
        if isinstance(name, str) and name:
            return zone_named(name)
    return dt.UTC


def format_date(
    data: Mapping[str, object],
    value: object,
    form: object = "medium",
    *,
    zone: object = None,
    locale: object = None,
) -> object:
    """Return a date as the language writes it: `short`, `medium`, `long`, `full` or a skeleton.

    A skeleton names the parts, such as `MMMMd`; the language says in which order they stand. What
    is no date comes back as it is.

    Raises:
        Unfit: there is no such form, zone or locale.
    """
    found = _moment(data, value)
    if found is None:
        return value
    return _date_text(found.astimezone(zone_of(data, zone)), text(form), locale_of(data, locale))


def format_time(
    data: Mapping[str, object],
    value: object,
    form: object = "short",
    *,
    zone: object = None,
    locale: object = None,
) -> object:
    """Return a time of day as the language writes it; as `format_date`."""
    from babel import dates

    found = _moment(data, value)
    if found is None:
        return value
    language = babel_locale(locale_of(data, locale) or "en")
    at = found.astimezone(zone_of(data, zone))
    return dates.format_time(at, _form(text(form)), tzinfo=at.tzinfo, locale=language)


def _moment(data: Mapping[str, object], value: object) -> dt.datetime | None:
    """Return the moment of a value; `now` needs the filter `date`, for data know no clock."""
    return (
        None if value in ("now", "today") else moment(value, dt.datetime(1970, 1, 1, tzinfo=dt.UTC))
    )


def _date_text(at: dt.datetime, form: str, locale: str) -> str:
    from babel import dates

    language = babel_locale(locale or "en")
    if form in _FORMS:
        return dates.format_date(at.date(), form, locale=language)
    if form not in language.datetime_skeletons:
        mend = f"write one of {', '.join(_FORMS)}, or a skeleton such as MMMMd"
        raise Unfit(f"there is no form of dates {form!r}", mend=mend)
    return dates.format_skeleton(form, at, tzinfo=at.tzinfo, locale=language)


def _form(form: str) -> Literal["short", "medium", "long", "full"]:
    if form not in _FORMS:
        raise Unfit(f"there is no form of times {form!r}", mend=f"write one of {', '.join(_FORMS)}")
    return form  # type: ignore[return-value]  # it is one of them


def format_number(
    data: Mapping[str, object], value: object, places: object = None, *, locale: object = None
) -> object:
    """Return a number as the language writes it: `1,234.5`, in German `1.234,5`. Nil stays nil."""
    from babel import numbers

    if value is None:
        return None
    found = Decimal(number(value))
    if not found.is_finite() or found.adjusted() >= _MOST_DIGITS:
        raise Unfit(
            f"{inspect(value)[:40]} is no number that can be written out",
            mend="test it before it is printed",
        )
    pattern = None
    if places is not None:
        digits = max(0, min(20, bound(places)))
        pattern = "#,##0" + (f".{'0' * digits}" if digits else "")
    language = babel_locale(locale_of(data, locale) or "en")
    with localcontext(prec=2 * _MOST_DIGITS):
        return numbers.format_decimal(found, pattern, locale=language)


def pluralize(value: object, one: object, other: object) -> str:
    """Return the word for so many: `one` for 1, else `other`."""
    return text(one) if number(value) == 1 else text(other)


def days_until(now: int, value: object) -> object:
    """Return how many days there are from today to a date, in UTC; negative when it is past."""
    present = dt.datetime.fromtimestamp(now / SECOND, dt.UTC)
    found = moment(value, present)
    if found is None:
        raise Unfit(
            f"{inspect(value)[:40]} is no date", mend="give a date, or test it with if first"
        )
    return (found.astimezone(dt.UTC).date() - present.date()).days


SPOKEN = {
    "format_date": Filter(format_date, 0, 1, ("zone", "locale"), wants="data"),
    "format_time": Filter(format_time, 0, 1, ("zone", "locale"), wants="data"),
    "format_number": Filter(format_number, 0, 1, ("locale",), wants="data"),
    "pluralize": Filter(pluralize, 2, 2),
    "days_until": Filter(days_until, wants="now"),
}
