"""Currencies, as shops and people write them, and their ISO 4217 codes."""

from __future__ import annotations

from typing import Final

_CURRENT: Final = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN
BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD
FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR
KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV
MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG
SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI
UYU UYW UZS VED VES VND VUV WST XAF XAG XAU XCD XCG XDR XOF XPD XPF XPT XSU XUA YER ZAR ZMW ZWG
XBA XBB XBC XBD XTS XXX
"""
_PAST: Final = """
ATS AZM BEF BYR CSD CYP DEM EEK ESP FIM FRF GHC GRD HRK IEP ITL LTL LUF LVL MRO MTL MZM NLG PTE ROL
RUR SIT SKK SLL STD TMM TRL UAK VEB VEF YUM ZMK ZWD ZWL
"""
"""Gone, and still in old orders."""
_SPELLINGS: Final = """
EUR €, euro, euros|GBP £, pound sterling, pounds sterling, sterling, stg, uk pound, british pound
USD us$, us dollar, us dollars, american dollar|CAD ca$, c$, canadian dollar, canadian dollars
AUD a$, au$, australian dollar, australian dollars|NZD nz$, new zealand dollar, new zealand dollars
JPY jp¥, japanese yen, yen, 円|CNY cn¥, rmb, yuan, renminbi, chinese yuan|INR ₹, indian rupee
CHF sfr, sfr., fr., swiss franc, swiss francs, schweizer franken|KRW ₩, south korean won
PLN zł, zloty, złoty, polish zloty|CZK kč, czech koruna|HUF forint, hungarian forint|ILS ₪, shekel
UAH ₴, hryvnia|TRY ₺, tl, turkish lira|RUB ₽, ruble, rouble, russian ruble|VND ₫, dong
THB ฿, baht, thai baht|PHP ₱, philippine peso|NGN ₦, naira|BRL r$, brazilian real|ZAR rand
SEK swedish krona|NOK norwegian krone|DKK danish krone|BGN лв, lev|RON lei, romanian leu
HKD hk$, hong kong dollar|SGD s$, singapore dollar|MXN mx$, mexican peso|TWD nt$|KWD kuwaiti dinar
AED dirham, uae dirham|SAR saudi riyal|DEM deutsche mark
"""
AMBIGUOUS: Final = {"$": "USD CAD AUD NZD HKD SGD", "¥": "JPY CNY", "kr": "SEK NOK DKK ISK"}
"""Signs of several currencies: they say which only in a shop that uses one of them."""


def _codes() -> dict[str, str]:
    codes = {code.lower(): code for code in f"{_CURRENT} {_PAST}".split()}
    for entry in _SPELLINGS.strip().replace("\n", "|").split("|"):
        code, _, spellings = entry.partition(" ")
        codes |= dict.fromkeys(spellings.split(", "), code)
    return codes


CODES: Final = _codes()
"""Spelling in lower case -> code."""
