"""One spelling of many."""

from __future__ import annotations

import doctest
import importlib

import pytest

from tailorbird import money
from tailorbird.collect import capitals, clean, countries, currencies, dates

OF_THE_ROOM = ("capitals", "clean", "dates", "fields", "names", "plan", "plan_rules")
WITH_EXAMPLES = ("money", "misfits", *(f"collect.{name}" for name in OF_THE_ROOM))


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_the_examples_of_the_docstrings_run(module: str) -> None:
    results = doctest.testmod(importlib.import_module(f"tailorbird.{module}"))
    assert results.attempted > 0
    assert results.failed == 0


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (" ann@example.com\n", "ann@example.com"),
        ("Ann.O'Lee+x@Mail.Example.COM", "Ann.O'Lee+x@mail.example.com"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        (f"{'a' * 64}@example.com", f"{'a' * 64}@example.com"),
    ],
)
def test_an_address_is_kept_in_one_spelling(text: str, address: str) -> None:
    assert clean.email(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "", "ann", "ann@", "@example.com", "ann@localhost", "ann@example..com", "a..b@example.com",
        ".a@example.com", "a.@example.com", "a b@example.com", "ann@exa mple.com",
        "ann@[127.0.0.1]", "ann@-example.com", "ann@example.123", "a@b@c.example",
        "ann@example.com\r\nBcc: x@y.example", "ann@exam\x00ple.com",
        f"{'a' * 65}@example.com", f"a@{'b' * 64}.com", f"a@{'b.' * 130}com",
    ],
)  # fmt: skip
def test_what_is_no_address_is_none(text: str) -> None:
    assert clean.email(text) is None


def test_a_name_keeps_its_letters_and_loses_what_does_not_print() -> None:
    assert clean.name(" \tJosé\u0000 \u202eMa\u0301ria\r\n") == "José Mária"
    assert clean.name("नमस्\u200dते") == "नमस्\u200dते"


def test_countries_are_coded_where_they_are_sure() -> None:
    assert {clean.country(text) for text in ("UK", "gb", "Great Britain", "GBR")} == {"GB"}
    assert clean.country("Österreich") == clean.country("OSTERREICH") == "AT"
    assert clean.country("Korea") == "Korea"
    assert clean.country("日本") == "日本"


def test_every_code_of_iso_3166_is_known_once() -> None:
    codes = set(countries.CODES.values())
    assert len(codes) == 249
    assert all(countries.CODES[code.lower()] == code for code in codes)


def test_halves_round_away_from_zero() -> None:
    assert [money.minor(text, "EUR") for text in ("0.005", "-0.005", "1.115", 1.115)] == [
        1,
        -1,
        112,
        112,
    ]


@pytest.mark.parametrize("amount", ["", "abc", "NaN", "Infinity", "1e99", 1e300, "9" * 30])
def test_what_is_no_amount_is_an_error(amount: str | float) -> None:
    with pytest.raises(ValueError, match=r"is no amount|larger than any price"):
        money.minor(amount, "EUR")


def test_currencies_are_coded_where_they_are_sure() -> None:
    assert {clean.currency(text) for text in ("EUR", " eur ", "€", "Euro")} == {"EUR"}
    assert {clean.currency(text) for text in ("£", "Pound  Sterling", "gbp")} == {"GBP"}
    assert [clean.currency("$", home) for home in ("", "EUR", "USD", "AUD")] == [
        None, None, "USD", "AUD",
    ]  # fmt: skip
    assert [clean.currency(text) for text in ("", "Moon", "ABC", "kr", "pound")] == [None] * 5


def test_every_currency_has_its_places() -> None:
    codes = set(currencies.CODES.values())
    assert len(codes) > 170
    assert all(len(code) == 3 and currencies.CODES[code.lower()] == code for code in codes)
    places = {code: money.exponent(code) for code in codes}
    assert {code for code, number in places.items() if number == 3} == {
        "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND",
    }  # fmt: skip
    assert {code for code, number in places.items() if number == 4} == {"CLF", "UYW"}
    assert [places[code] for code in ("JPY", "KRW", "EUR", "MGA")] == [0, 0, 2, 2]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1980-05-13", "1980-05-13"),
        ("1980-05-13T00:00:00Z", "1980-05-13"),
        ("19800513", "1980-05-13"),
        ("1980/05/13", "1980-05-13"),
        ("13.05.1980", "1980-05-13"),
        ("1. 2. 1980", "1980-02-01"),
        ("13/5/1980", "1980-05-13"),
        ("5/13/1980", "1980-05-13"),
        ("7-7-1980", "1980-07-07"),
        ("May 5th, 1980", "1980-05-05"),
        ("5th of May 1980", "1980-05-05"),
        ("05-Sep-1980", "1980-09-05"),
        ("5/3/1980", None),
        ("5/3/80", None),
        ("30/02/1980", None),
        ("13/13/1980", None),
        ("1980-5", None),
        ("maybe 5 1980", None),
        ("", None),
    ],
)
def test_a_day_is_read_where_it_is_sure(text: str, day: str | None) -> None:
    assert dates.day(text) == day


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ANN", "Ann"),
        ("ann lee", "Ann Lee"),
        ("MARÍA JOSÉ", "María José"),
        ("JEAN-LUC D'ARTAGNAN", "Jean-Luc D'Artagnan"),
        ("vincent van gogh", "Vincent van Gogh"),
        ("VAN", "Van"),
        ("john smith iii", "John Smith III"),
        ("DJ", "DJ"),
        ("İBRAHİM", "İbrahim"),
        ("McKay", "McKay"),
        ("van der Berg", "van der Berg"),
        ("bell hooks", "Bell Hooks"),
        ("山田", "山田"),
        ("", ""),
    ],
)
def test_a_name_typed_in_one_case_is_written_in_two(text: str, name: str) -> None:
    assert capitals.person_name(text) == name
