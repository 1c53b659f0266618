"""Conditions on traits of every kind: what holds, what a missing value means, and until when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tailorbird import segments
from tailorbird.errors import DefinitionError
from tailorbird.schema import DAY, HOUR, MINUTE, Context, Instant
from tailorbird.segments import Segment
from tailorbird.segments.reader import Vocabulary
from tailorbird.stores.duckdb.facts import DuckFacts

Happen = Callable[..., int]
Define = Callable[..., Segment]
Holds = Callable[..., bool]


def at(text: str) -> Instant:
    """Return an instant in UTC."""
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1_000_000


@pytest.fixture
def holds(facts: DuckFacts, define: Define) -> Holds:
    """Return `holds(where, instant)`: whether person 1 is in a segment."""

    def asked(where: str, instant: Instant) -> bool:
        return segments.people(facts, define(where), as_of=instant) == [1]

    return asked


@pytest.fixture
def says(happen: Happen) -> Callable[..., int]:
    """Return `says(instant, **traits)`: person 1 declares traits."""

    def said(instant: Instant, **traits: Any) -> int:
        return happen(1, "identify", instant, traits=traits)

    return said


@pytest.fixture
def next_check(facts: DuckFacts, define: Define) -> Callable[[str, Instant], Instant | None]:
    """Return `next_check(where, instant)` of person 1."""

    def asked(where: str, instant: Instant) -> Instant | None:
        return segments.explain(facts, define(where), 1, as_of=instant).next_check

    return asked


EARLY = at("2024-01-01")


@pytest.mark.parametrize(
    ("value", "where", "answer"),
    [
        ("Garden House", "contains: den H", True),
        ("Garden House", "contains: den h", False),
        ("Garden House", "starts_with: Gar", True),
        ("Garden House", "ends_with: House", True),
        ("Garden House", "ends_with: Garden", False),
        ("100%_sure", "contains: '%_'", True),
        ("100 sure", "contains: '%_'", False),
        ("Grüße", "starts_with: Grü", True),
        ("12.50", "at_least: 12.5", True),
        ("12.50", "more_than: 12.5", False),
        (12.5, "is: 12.5", True),
        ("0012", "is: '12'", False),
        ("0012", "is: 12", True),
        (0.1, "is: 0.1", True),
        ("about 12", "less_than: 100", False),
        (True, "is: true", True),
        (False, "is_not: true", True),
        ("2026-03-01", "less_than: 2026-03-02", True),
        ("2026-03-01T23:30:00-05:00", "is: '2026-03-01'", False),
        ("2026-03-01T23:30:00-05:00", "at_most: 2026-03-01", True),
        ("2026-03-01T23:30:00-05:00", "less_than: 2026-03-02T05:00:00Z", True),
        ("soon", "less_than: 2026-03-02", False),
    ],
)
def test_a_declared_value_is_compared_as_what_it_is_asked_for(
    says: Callable[..., int], holds: Holds, value: Any, where: str, answer: bool
) -> None:
    says(EARLY, told=value)
    assert holds(f"trait: told\n{where}", EARLY) is answer


@pytest.mark.parametrize(
    ("value", "where", "answer"),
    [
        ('["garden","kitchen"]', "has: garden", True),
        ('["garden","kitchen"]', "has: gard", False),
        ('["garden","kitchen"]', "has_any: [attic, kitchen]", True),
        ('["garden","kitchen"]', "has_all: [attic, kitchen]", False),
        ('["garden","kitchen"]', "has_all: [kitchen, garden, garden]", True),
        ('["a,b","c"]', "has: a", False),
        ('["a,b","c"]', "has: 'a,b'", True),
        ('[["garden"]]', "has: garden", False),
        ("[1,2.0,true,null]", "has_all: [1, 2, true]", True),
        ("[]", "has: ''", False),
        ("garden", "has: garden", True),
        (7, "has: 7", True),
        (None, "has: garden", False),
    ],
)
def test_a_list_has_what_stands_in_it_whole(
    says: Callable[..., int], holds: Holds, value: Any, where: str, answer: bool
) -> None:
    says(EARLY, likes=value)
    assert holds(f"trait: likes\n{where}", EARLY) is answer


@pytest.mark.parametrize(
    "where",
    [
        "contains: a", "starts_with: a", "is_not: a", "not_in: [a]", "less_than: 5",
        "at_least: 2026-01-01", "has: a", "ago: {less_than: 9d}", "ahead: {at_least: 1s}",
        "days_ago: {at_least: 0}", "days_ahead: {is_not: 3}", "anniversary_in: {at_least: 0}",
        "years: {less_than: 99}", "turning: {not_in: [3]}",
    ],
)  # fmt: skip
def test_of_a_trait_that_is_missing_nothing_holds(
    says: Callable[..., int], holds: Holds, where: str
) -> None:
    says(EARLY, told="a")
    says(EARLY + HOUR, told=None)
    assert not holds(f"trait: told\n{where}", EARLY + HOUR)
    assert holds("trait: told\nmissing: true", EARLY + HOUR)


@pytest.mark.parametrize(
    ("day", "where", "first", "last"),
    [
        ("2024-03-10", "days_ahead: {at_most: 7}", "2024-03-03", "2024-03-10"),
        ("2024-03-10", "days_ahead: {at_least: 7}", "2024-01-01", "2024-03-03"),
        ("2024-03-10", "days_ago: 0", "2024-03-10", "2024-03-10"),
        ("2024-03-10", "days_ago: {less_than: 3}", "2024-03-10", "2024-03-12"),
        ("2024-03-10", "days_ago: {more_than: 30}", "2024-04-10", "2024-12-31"),
        ("1988-02-29", "anniversary_in: 0", "2024-02-29", "2024-02-29"),
        ("1987-03-01", "anniversary_in: {at_most: 1}", "2024-02-29", "2024-03-01"),
        ("2014-05-06", "years: {at_least: 10}", "2024-05-06", "2024-12-31"),
        ("2014-05-06", "turning: 10", "2024-01-01", "2024-05-06"),
    ],
)
def test_days_are_counted_by_the_calendar_and_end_at_midnight(
    says: Callable[..., int],
    holds: Holds,
    next_check: Callable[[str, Instant], Instant | None],
    day: str,
    where: str,
    first: str,
    last: str,
) -> None:
    says(EARLY, due=day)
    asked = f"trait: due\n{where}"
    start, end = at(first), at(last) + DAY
    assert holds(asked, start)
    assert holds(asked, end - 1)
    assert start == EARLY or not holds(asked, start - 1)
    if end < at("2025-01-01"):
        assert not holds(asked, end)
        assert next_check(asked, end - 1) == end


def test_a_leap_day_is_kept_on_28_february_in_other_years(
    says: Callable[..., int], holds: Holds
) -> None:
    says(EARLY, born_on="2000-02-29")
    days = [at("2025-02-27") + number * DAY for number in range(4)]
    asked = "trait: born_on\nanniversary_in: 0"
    assert [holds(asked, each) for each in days] == [False, True, False, False]


@pytest.mark.parametrize(
    ("zone", "begins"),
    [
        ("Europe/Berlin", "2024-03-30T23:00"),
        ("America/New_York", "2024-03-31T04:00"),
        ("Asia/Kolkata", "2024-03-30T18:30"),
        ("Middle-earth/Shire", "2024-03-31T00:00"),
    ],
)
def test_a_day_begins_where_the_person_is(
    says: Callable[..., int], holds: Holds, zone: str, begins: str
) -> None:
    says(EARLY, timezone=zone, due="2024-03-31")
    asked = "trait: due\ndays_ago: 0"
    assert [holds(asked, at(begins) + each) for each in (-1, 0)] == [False, True]


def test_a_day_on_which_the_clocks_change_is_an_hour_shorter(
    says: Callable[..., int],
    holds: Holds,
    next_check: Callable[[str, Instant], Instant | None],
) -> None:
    says(EARLY, timezone="Europe/Berlin", due="2024-03-31")
    asked = "trait: due\ndays_ago: 0"
    ends = at("2024-03-31T22:00")
    assert [holds(asked, ends + each) for each in (-1, 0)] == [True, False]
    assert next_check(asked, ends - 1) == ends


def test_whose_zone_nobody_knows_lives_by_the_clock_of_her_last_visit(
    happen: Happen, says: Callable[..., int], holds: Holds
) -> None:
    says(EARLY, due="2024-03-31")
    happen(1, "page_viewed", EARLY + HOUR, context=Context(page="/", utc_offset=-300))
    asked = "trait: due\ndays_ago: 0"
    assert [holds(asked, at("2024-03-31T05:00") + each) for each in (-1, 0)] == [False, True]
    happen(1, "page_viewed", EARLY + DAY, context=Context(page="/", utc_offset=60))
    assert holds(asked, at("2024-03-30T23:00"))
    says(EARLY + 2 * DAY, timezone="UTC")
    assert not holds(asked, at("2024-03-30T23:00"))


def test_lengths_of_time_are_exact_to_the_microsecond(
    says: Callable[..., int],
    holds: Holds,
    next_check: Callable[[str, Instant], Instant | None],
) -> None:
    says(EARLY, trial_ends="2024-01-10T12:30:00+02:00")
    ends = at("2024-01-10T10:30")
    asked = "trait: trial_ends\nahead: {at_most: 24h}"
    assert next_check(asked, EARLY) == ends - DAY
    assert [holds(asked, ends - DAY + each) for each in (-1, 0)] == [False, True]
    assert [holds(asked, ends + each) for each in (0, 1)] == [True, False]
    assert holds("trait: trial_ends\nago: {less_than: 30m}", ends + 30 * MINUTE - 1)


def test_how_long_ago_something_was_done_is_asked_of_a_computed_instant(
    happen: Happen, holds: Holds
) -> None:
    happen(1, "purchase", EARLY)
    assert holds("trait: first_order_at\nanniversary_in: {at_most: 7}", at("2024-12-26"))
    assert holds("trait: last_order_at\nago: {at_least: 2h}", EARLY + 2 * HOUR)


def test_of_a_birthday_the_facts_know_the_day_and_never_the_year(
    facts: DuckFacts, says: Callable[..., int], holds: Holds
) -> None:
    says(EARLY, birthday="1987-05-06")
    assert holds("trait: birthday\nanniversary_in: {at_most: 7}", at("2024-04-29"))
    kept = facts.read("SELECT * FROM trait_values").to_pylist()
    assert [(row["text"], row["number"], row["day"]) for row in kept] == [
        (None, None, at("2000-05-06") // DAY)
    ]


def test_the_score_of_any_model_can_be_asked_for(facts: DuckFacts, holds: Holds, says: Any) -> None:
    says(EARLY, told="a")
    assert holds("model: churn\nmissing: true", EARLY)
    facts.write([("INSERT INTO scores VALUES ('churn', 1, 1, $1, 500000)", (EARLY + HOUR,))])
    assert holds("model: churn\nat_least: 0.5", EARLY + HOUR)
    assert not holds("model: churn\nat_least: 0.5", EARLY)
    assert not holds("model: churn\nmore_than: 0.5", EARLY + HOUR)


def test_an_explanation_says_how_far_a_date_is(
    facts: DuckFacts, says: Callable[..., int], define: Define
) -> None:
    says(EARLY, due="2024-01-10", likes='["garden"]')
    for where, text, value in (
        ("trait: due\ndays_ahead: {at_most: 7}", "the days until due is at most 7", 9),
        ("trait: due\nahead: {at_most: 7d}", "the time until due is at most 7d", "9d"),
        ("trait: due\nat_least: 2024-01-09", "due is at least 2024-01-09", "2024-01-10"),
        ("trait: likes\nhas: garden", "likes has garden", 1),
    ):
        reason = segments.explain(facts, define(where), 1, as_of=EARLY).reason
        assert (reason.text, reason.value) == (text, value)
        assert [each.event for each in reason.evidence] == [where.split()[1]]


@pytest.mark.parametrize(
    ("where", "says_what", "mend"),
    [
        ("trait: due\ndays_ago: {at_least: -1}", "less than 0 away", "days_ahead"),
        ("trait: due\ndays_ago: {at_least: 7}\nhas: a", "unknown key 'has'", "days_ago"),
        ("trait: due\nago: {at_least: 7}", "a length of time", "`7d`"),
        ("trait: tier\ndays_ago: 3", "is no date", "last_order_at"),
        ("trait: tier\nhas: gold", "no list", "is"),
        ("trait: birthday\ndays_ago: 3", "personal field", "anniversary_in"),
        ("trait: likes\nhas_any: garden", "a list is needed", "garden"),
        ("trait: likes\ncontains: ''", "empty text", "look for"),
        ("trait: likes\ncontains: 3", "cannot be compared by 'contains'", "compare"),
        ("trait: due\ndays_agos: 3", "unknown key 'days_agos'", "'days_ago'"),
        ("trait: due\nanniversary_in: {missing: true}", "compared with one", "exists"),
        ("trait: count(purchase, 30d)\nis: gold", "is a whole number", "number"),
        ("trait: since(purchase)\nat_least: -1", "never below 0", "days"),
        ("trait: since(purchase)\ndays_ago: 3", "is no date", "last_order_at"),
        ("trait: count(purchase, 30d)\nhas: gold", "no list", "is"),
        ("list: 3", "a list's name is text", "quotes"),
        ("model: churn", "compared with nothing", "at_least"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_mend(
    define: Define, where: str, says_what: str, mend: str
) -> None:
    with pytest.raises(DefinitionError, match=says_what) as refused:
        define(where)
    assert mend in str(refused.value)


@pytest.mark.parametrize(
    ("name", "says_what", "mend"),
    [
        ("count(purchase)", "no trait 'count\\(purchase\\)'", "count(EVENT, 30d)"),
        ("trends(purchase, 7d)", "no trait 'trends", "trend(EVENT, 30d)"),
        ("count(purchase, never)", "no trait 'count", "count(EVENT, 30d)"),
        ("count(purchases, 30d)", "unknown event 'purchases'", "'purchase'"),
        ("count(identify, 30d)", "leaves no fact behind", "trait"),
    ],
)
@pytest.mark.parametrize("complete", [True, False])
def test_parameters_that_mean_nothing_are_refused_where_they_are_written(
    define: Define, name: str, says_what: str, mend: str, complete: bool
) -> None:
    text = f"name: s\nwhere: {{trait: '{name}', at_least: 3}}\n"
    with pytest.raises(DefinitionError, match=says_what) as refused:
        segments.parse(text, "s.yaml", vocabulary=Vocabulary(complete=complete))
    assert mend in str(refused.value)
    # A folder may have kept it when it was taken for a declared trait: that one still opens.
    assert segments.parse(text, "s.yaml") == define(f"trait: '{name}'\nat_least: 3")


def test_traits_with_parameters_are_told_apart_from_declared_ones(
    facts: DuckFacts, happen: Callable[..., int], define: Define
) -> None:
    for days in (1, 2, 40, 70):
        happen(1, "purchase", EARLY - days * DAY, order_id=f"o{days}", category="a")
    happen(2, "purchase", EARLY - 35 * DAY, order_id="p", category="b")
    for days, category in ((10, "a"), (400, "b")):
        happen(3, "purchase", EARLY - days * DAY, order_id=f"q{days}", category=category)
    for where, members in (
        ("trait: count(purchase, 30d)\nat_least: 2", [1]),
        ("trait: count(purchase, 30d)\nis: 0", [2]),
        ("trait: trend(purchase, 30d)\nat_least: 0.6", [1, 3]),
        ("trait: share(purchase, b, 365d)\nis: 1", [2]),
        ("trait: since(purchase)\nat_most: 1", [1]),
        ("trait: rhythm(purchase)\nmissing: true", [2]),
    ):
        assert segments.people(facts, define(where), as_of=EARLY) == members, where
    asked = define("trait: count(purchase, 30d)\nat_least: 2")
    reason = segments.explain(facts, asked, 1, as_of=EARLY).reason
    assert (reason.text, reason.value) == ("count(purchase, 30d) is at least 2", 2)
    assert [each.event for each in reason.evidence] == ["purchase", "purchase"]
