"""Filters that print amounts of money, as the reader's language writes them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Literal

from tailorbird.content.filters.register import Filter
from tailorbird.content.filters.spoken import babel_locale, locale_of
from tailorbird.content.values import number, text

_SYMBOLS = {
    "AUD": "A$",
    "BRL": "R$",
    "CAD": "C$",
    "CNY": "CN¥",
    "EUR": "€",
    "GBP": "£",
    "INR": "₹",
    "JPY": "¥",
    "KRW": "₩",
    "MXN": "MX$",
    "NZD": "NZ$",
    "USD": "$",
}
_WITHOUT_MINOR = frozenset({"CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"})
_THREE_DIGITS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
_KEPT: Final = 16_384
"""Amounts whose text is remembered: a catalogue has few prices and a send prints them often."""
_Form = Literal["symbol", "plain", "short"]


def money(
    data: Mapping[str, object], value: object, currency: object = None, *, locale: object = None
) -> str:
    """Return an amount in minor units as people read it: `129900` in EUR is `€1,299.00`.

    Without a currency the shop's own (`shop.currency`) is taken, without a locale that of the mail
    (`locale`). Nil prints nothing.
    """
    if value.__class__ is int and currency.__class__ is str:  # as nearly every price
        spoken = data.get("locale") if locale is None else locale
        return _written(value, currency, spoken if spoken.__class__ is str else "", "symbol")
    if value is None:
        return ""
    return _written(_minor(value), _currency(data, currency), locale_of(data, locale), "symbol")


def money_with_currency(
    data: Mapping[str, object], value: object, currency: object = None, *, locale: object = None
) -> str:
    """Return as `money`, the code of the currency behind it: `€1,299.00 EUR`."""
    if value is None:
        return ""
    code = _currency(data, currency)
    return f"{_written(_minor(value), code, locale_of(data, locale), 'symbol')} {code}".rstrip()


def money_without_currency(
    data: Mapping[str, object], value: object, currency: object = None, *, locale: object = None
) -> str:
    """Return as `money`, the digits alone: `1,299.00`."""
    if value is None:
        return ""
    return _written(_minor(value), _currency(data, currency), locale_of(data, locale), "plain")


def money_without_trailing_zeros(
    data: Mapping[str, object], value: object, currency: object = None, *, locale: object = None
) -> str:
    """Return as `money`, whole amounts without their zeros: `€1,299`."""
    if value is None:
        return ""
    return _written(_minor(value), _currency(data, currency), locale_of(data, locale), "short")


def _minor(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = number(value)
    return found if isinstance(found, int) else round(found) if found.is_finite() else 0


def _currency(data: Mapping[str, object], given: object) -> str:
    if given is None:
        shop = data.get("shop")
        given = shop.get("currency") if isinstance(shop, dict) else None
    return given if isinstance(given, str) else text(given)


@lru_cache(maxsize=_KEPT)
def _written(amount: int, currency: str, locale: str, form: _Form) -> str:
    code = currency.upper()
    digits = 0 if code in _WITHOUT_MINOR else 3 if code in _THREE_DIGITS else 2
    if form == "short" and amount % 10**digits == 0:
        amount, digits = amount // 10**digits, 0
    if locale:
        return _spoken(amount, code, digits, locale, form)
    symbol = "" if form == "plain" else _SYMBOLS.get(code, f"{code} " if code else "")
    sign, amount = ("-", -amount) if amount < 0 else ("", amount)
    major, minor = divmod(amount, 10**digits)
    tail = f".{minor:0{digits}d}" if digits else ""
    return f"{sign}{symbol}{major:,}{tail}"


def _spoken(amount: int, code: str, digits: int, locale: str, form: _Form) -> str:
    """Return the amount as a language writes it, in its own order and with its own marks."""
    from decimal import Decimal

    from babel import numbers

    language = babel_locale(locale)
    value = Decimal(amount).scaleb(-digits)
    fraction = f".{'0' * digits}" if digits else ""
    if form == "plain" or not code:
        return numbers.format_decimal(value, f"#,##0{fraction}", locale=language)
    pattern = language.currency_formats["standard"].pattern
    pattern = pattern.replace(".00", fraction)
    return numbers.format_currency(value, code, pattern, locale=language, currency_digits=False)


_NAMED = ("locale",)
MONEY = {
    "money": Filter(money, 0, 1, _NAMED, wants="data"),
    "money_with_currency": Filter(money_with_currency, 0, 1, _NAMED, wants="data"),
    "money_without_currency": Filter(money_without_currency, 0, 1, _NAMED, wants="data"),
    "money_without_trailing_zeros": Filter(
        money_without_trailing_zeros, 0, 1, _NAMED, wants="data"
    ),
}
