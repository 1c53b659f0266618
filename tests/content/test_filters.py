"""What the filters for customer messages print: amounts, dates and numbers in the reader's way."""

from __future__ import annotations

import pytest

from tailorbird import content
from tailorbird.errors import TemplateError

NOW = 1_704_067_200_000_000
NARROW, WIDE = "\u202f", "\u00a0"


def printed(source: str, **values: content.Plain) -> str:
    return content.compile(source).render(values, now=NOW)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ 129900 | money: 'EUR' }}", f"1.299,00{WIDE}€"),
        ("{{ 129900 | money: 'EUR', locale: 'en' }}", "€1,299.00"),
        ("{{ 129900 | money_with_currency: 'EUR' }}", f"1.299,00{WIDE}€ EUR"),
        ("{{ 129900 | money_without_trailing_zeros: 'EUR' }}", f"1.299{WIDE}€"),
        ("{{ 129950 | money_without_trailing_zeros: 'EUR' }}", f"1.299,50{WIDE}€"),
        ("{{ 129950 | money_without_currency: 'EUR' }}", "1.299,50"),
        ("{{ 1299 | money: 'JPY' }}", f"1.299{WIDE}¥"),
        ("{{ '2024-02-29' | format_date }}", "29.02.2024"),
        ("{{ '2024-02-29' | format_date: 'long' }}", "29. Februar 2024"),
        ("{{ '2024-02-29' | format_date: 'MMMMd' }}", "29. Februar"),
        ("{{ '2024-02-29T23:30:00Z' | format_date: zone: 'Europe/Berlin' }}", "01.03.2024"),
        ("{{ '2024-02-29T13:05:00Z' | format_time: zone: 'America/New_York' }}", "08:05"),
        ("{{ 1234.5 | format_number }}", "1.234,5"),
        ("{{ 1234.5 | format_number: 2 }}", "1.234,50"),
    ],
)
def test_the_locale_of_the_mail_decides_how_things_are_written(source: str, expected: str) -> None:
    assert printed(source, locale="de") == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ '2024-02-29 13:05' | date: '%H:%M %Z', zone: 'Europe/Berlin' }}", "14:05 CET"),
        ("{{ 1 | pluralize: 'point', 'points' }}", "point"),
        ("{{ 0 | pluralize: 'point', 'points' }}", "points"),
        ("{{ '2024-01-11' | days_until }}", "10"),
        ("{{ '2023-12-31' | days_until }}", "-1"),
        ("{{ 'a@b.co' | sha256 | slice: 0, 8 }}", "80305c9b"),
        ("{{ 'a' | md5 }}", "0cc175b9c0f1b6a831c399e269772661"),
        ("{{ 'a' | hmac_sha256: 'k' | slice: 0, 8 }}", "78da9151"),
        ("{{ '  a  b \n c ' | squish }}", "a b c"),
    ],
)
def test_filters_for_customer_messages(source: str, expected: str) -> None:
    assert printed(source) == expected


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("{{ 1 | money: 'EUR', locale: 'xx-yy' }}", "there is no locale 'xx-yy'"),
        ("{{ '2024-02-29' | date: '%H', zone: 'Mars' }}", "there is no time zone 'Mars'"),
        ("{{ '2024-02-29' | format_date: 'wide' }}", "there is no form of dates 'wide'"),
        ("{{ 'soon' | days_until }}", '"soon" is no date'),
    ],
)
def test_what_a_filter_cannot_do_is_an_error_at_its_place(source: str, why: str) -> None:
    with pytest.raises(TemplateError) as caught:
        printed(source)
    assert why in caught.value.what
    assert (caught.value.line, caught.value.column) == (1, 1)


@pytest.mark.parametrize("value", [1e300, float("inf"), 10**400])
def test_a_number_that_nobody_can_write_out_is_refused(value: object) -> None:
    with pytest.raises(TemplateError, match="no number that can be written out"):
        content.compile("{{ v | format_number: 2 }}").render({"v": value})  # type: ignore[dict-item]


def test_more_words_than_there_can_be_are_all_of_them() -> None:
    assert content.compile("{{ 'a b c' | truncatewords: v }}").render({"v": 2**80}) == "a b c"


@pytest.mark.parametrize(("places", "printed"), [("2", "Infinity"), ("0", None), ("-1", None)])
def test_infinity_is_rounded_to_places_as_in_ruby(places: str, printed: str | None) -> None:
    template = content.compile(f"{{{{ 1.0 | divided_by: 0 | round: {places} }}}}")
    if printed is not None:
        assert template.render({}) == printed
    else:
        with pytest.raises(TemplateError, match="Infinity cannot be rounded"):
            template.render({})
