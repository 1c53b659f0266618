"""Amounts: what shops write, as whole minor units of their currency."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Final

LARGEST: Final = 10**15
"""Minor units; an amount above it is a mistake, and sums of many still fit 64 bits."""

_ZERO: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE: Final = "BHD IQD JOD KWD LYD OMR TND"
_FOUR: Final = "CLF UYW"
_EXPONENTS: Final = {
    code: places
    for codes, places in ((_ZERO, 0), (_THREE, 3), (_FOUR, 4))
    for code in codes.split()
}


def exponent(currency: str) -> int:
    """Return how many decimal places a currency has (ISO 4217); 2 where none is known.

    >>> exponent("EUR"), exponent("JPY"), exponent("KWD")
    (2, 0, 3)
    """
    return _EXPONENTS.get(currency, 2)


@lru_cache(maxsize=65_536)
def minor(amount: str | int | float | Decimal, currency: str) -> int:
    """Return an amount in minor units, halves rounded away from zero.

    Decimal throughout, so that 1.005 is a hundred and a half pence, as it is written.

    >>> minor(17.99, "EUR"), minor("1.005", "EUR"), minor(1200, "JPY")
    (1799, 101, 1200)

    Raises:
        ValueError: it is no number, or larger than any price (`LARGEST`).
    """
    try:
        exact = Decimal(repr(amount) if isinstance(amount, float) else amount)
        units = exact.scaleb(exponent(currency)).to_integral_value(ROUND_HALF_UP)
        if abs(units) > LARGEST:
            raise ValueError(f"{amount!r} is larger than any price")
        return int(units)
    except ArithmeticError as error:
        raise ValueError(f"{amount!r} is no amount") from error


def major(units: int, currency: str) -> Decimal:
    """Return minor units as the amount that people write.

    >>> str(major(1799, "EUR"))
    '17.99'
    """
    return Decimal(units).scaleb(-exponent(currency))


def said(units: float, currency: str) -> str:
    """Return minor units as people read them, with the currency where it is known.

    >>> said(123_456, "EUR"), said(1200, "JPY"), said(-5, "")
    ('1,234.56 EUR', '1,200 JPY', '-0.05')
    """
    return f"{major(round(units), currency):,} {currency}".rstrip()
