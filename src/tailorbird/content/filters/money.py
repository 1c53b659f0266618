"""The filter that prints amounts of money."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from tailorbird.content.filters.register import Filter
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


def money(data: Mapping[str, object], value: object, currency: object = None) -> str:
    """Return an amount in minor units as people read it: `129900` in EUR is `€1,299.00`.

    Without a currency the shop's own (`shop.currency`) is taken. Nil prints nothing.
    """
    if value is None:
        return ""
    if currency is None:
        shop = data.get("shop")
        currency = shop.get("currency") if isinstance(shop, dict) else None
    symbol, digits = _form(text(currency))
    amount = value if value.__class__ is int else round(number(value))
    assert isinstance(amount, int)  # noqa: S101 - for the type checker
    sign, amount = ("-", -amount) if amount < 0 else ("", amount)
    if not digits:
        return f"{sign}{symbol}{amount:,}"
    major, minor = divmod(amount, 10**digits)
    return f"{sign}{symbol}{major:,}.{minor:0{digits}d}"


@lru_cache(maxsize=256)
def _form(currency: str) -> tuple[str, int]:
    """Return what stands before an amount, and how many digits of it are minor units."""
    code = currency.upper()
    digits = 0 if code in _WITHOUT_MINOR else 3 if code in _THREE_DIGITS else 2
    return _SYMBOLS.get(code, f"{code} " if code else ""), digits


MONEY = {"money": Filter(money, 0, 1, wants="data")}
