"""The filter that prints amounts of money."""

from __future__ import annotations

from collections.abc import Mapping

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
    shop = data.get("shop")
    known = shop.get("currency") if isinstance(shop, dict) else None
    code = text(currency if currency is not None else known).upper()
    digits = 0 if code in _WITHOUT_MINOR else 3 if code in _THREE_DIGITS else 2
    amount = round(number(value))
    major, minor = divmod(abs(amount), 10**digits)
    written = f"{major:,}.{minor:0{digits}d}" if digits else f"{major:,}"
    symbol = _SYMBOLS.get(code, f"{code} " if code else "")
    return f"{'-' if amount < 0 else ''}{symbol}{written}"


MONEY = {"money": Filter(money, 0, 1, wants="data")}
