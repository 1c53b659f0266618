"""Links tell where a visit came from, and say nothing that their author did not want."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.tracking.utm import tagged

TAGS = {"utm_source": "news", "utm_medium": "email", "utm_campaign": "spring sale & more"}
SAID = "utm_source=news&utm_medium=email&utm_campaign=spring%20sale%20%26%20more"


@pytest.mark.parametrize(
    ("url", "made"),
    [
        ("https://shop.example", f"https://shop.example?{SAID}"),
        ("https://shop.example/p", f"https://shop.example/p?{SAID}"),
        ("https://shop.example/p?", f"https://shop.example/p?{SAID}"),
        ("https://shop.example/p?a=1", f"https://shop.example/p?a=1&{SAID}"),
        ("https://shop.example/p?a=1&", f"https://shop.example/p?a=1&{SAID}"),
        ("https://shop.example/p#top", f"https://shop.example/p?{SAID}#top"),
        (
            "https://shop.example/p?q=%2B+%E9&b#a?b",
            f"https://shop.example/p?q=%2B+%E9&b&{SAID}#a?b",
        ),
        ("HTTPS://SHOP.example/", f"HTTPS://SHOP.example/?{SAID}"),
        ("https://bücher.example/ä", f"https://bücher.example/ä?{SAID}"),
    ],
)
def test_parameters_stand_behind_the_others_and_before_the_fragment(url: str, made: str) -> None:
    assert tagged(url, TAGS) == made


@pytest.mark.parametrize(
    "written", ["utm_source=me", "UTM_Source=me", "utm_source=", "utm_source", "a=1;utm_source=me"]
)
def test_what_the_author_wrote_is_never_written_over(written: str) -> None:
    made = tagged(f"https://shop.example/?{written}", TAGS)
    assert made.startswith(f"https://shop.example/?{written}&utm_medium=email&utm_campaign=")
    assert made.lower().count("utm_source") == 1


def test_parameters_in_the_fragment_count_as_written() -> None:
    url = "https://shop.example/#utm_source=a&utm_medium=b&utm_campaign=c"
    assert tagged(url, TAGS) == url


def test_a_name_that_only_ends_alike_is_another() -> None:
    assert "&utm_source=news" in tagged("https://shop.example/?not_utm_source=1", TAGS)


@pytest.mark.parametrize(
    "url", ["", "mailto:a@b.example", "tel:+1", "#top", "/relative", "javascript:x", "https://a b"]
)
def test_what_is_no_web_address_stays(url: str) -> None:
    assert tagged(url, TAGS) == url


def test_empty_parameters_are_left_out() -> None:
    assert tagged("https://x.example/", {"utm_source": "a", "utm_term": ""}) == (
        "https://x.example/?utm_source=a"
    )
    assert tagged("https://x.example/", {}) == "https://x.example/"


values = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(
    values, values, st.from_regex(r"https://x\.example/[a-z]{0,5}(\?[a-z=&]{0,9})?", fullmatch=True)
)
def test_no_value_reaches_beyond_its_parameter(source: str, campaign: str, url: str) -> None:
    made = urlsplit(tagged(url, {"utm_source": source, "utm_campaign": campaign}))
    assert (made.scheme, made.netloc, made.fragment) == ("https", "x.example", "")
    found = dict(parse_qsl(made.query, keep_blank_values=True))
    assert found.get("utm_source", "") == source
    assert found.get("utm_campaign", "") == campaign
