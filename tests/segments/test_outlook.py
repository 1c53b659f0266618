"""What would change an answer: the fewest conditions, how each turns, when time alone does it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tailorbird import segments
from tailorbird.schema import DAY, HOUR, Instant
from tailorbird.segments import Outlook, Segment
from tailorbird.stores.duckdb.facts import DuckFacts

Look = Callable[..., Outlook]
Define = Callable[..., Segment]
Happen = Callable[..., int]


@pytest.fixture
def look(facts: DuckFacts, now: Instant) -> Look:
    """Return `look(segment, among)`, the outlook of person 1 now."""

    def outlook(segment: Segment, among: tuple[Segment, ...] = (), at: Instant = now) -> Outlook:
        found = segments.explain(facts, segment, 1, among, as_of=at)
        leaves = segments.leaves_of(segment.condition, among)
        when = segments.turns(facts, segment, leaves, 1, among, as_of=at)
        return segments.outlook(segment, found, among, when)

    return outlook


def told(outlook: Outlook) -> list[str]:
    return [turn.how for turn in outlook.turns]


def test_who_lacks_events_is_told_how_many_and_until_when(
    look: Look, define: Define, happen: Happen, now: Instant
) -> None:
    segment = define("did: purchase\ntimes: {at_least: 3}\nwithin: 30d")
    happen(1, "return", now - DAY)
    assert told(look(segment)) == ["3 of purchase"]
    happen(1, "purchase", now - 2 * DAY)
    happen(1, "purchase", now - 29 * DAY)
    (turn,) = look(segment).turns
    assert turn.how == "one more purchase before 2024-10-05T00:00:00Z"
    assert turn.text.startswith("did purchase in the last 30d")
    assert look(segment).at is None


def test_who_is_in_is_told_what_ends_it_and_when_time_alone_does(
    look: Look, define: Define, happen: Happen, now: Instant
) -> None:
    segment = define("all: [{did: add_to_cart, within: 24h}, {did_not: purchase, within: 30d}]")
    happen(1, "add_to_cart", now - 20 * HOUR)
    found = look(segment)
    assert found.at == now + 4 * HOUR
    assert (told(found), found.others) == (["time alone, at 2024-10-04T04:00:00Z"], 1)


def test_the_fewest_conditions_are_told(
    look: Look, define: Define, happen: Happen, now: Instant
) -> None:
    segment = define(
        "any:\n- all: [{did: purchase}, {did: return}, {trait: country, is: DE}]\n"
        "- all: [{did: email_opened}, {did: email_clicked}]"
    )
    happen(1, "email_opened", now - DAY)
    assert told(look(segment)) == ["one email_clicked"]
    happen(1, "purchase", now - DAY)
    happen(1, "return", now - DAY)
    found = look(segment)
    assert (len(found.turns), found.others) == (1, 1)


def test_what_happened_for_good_is_no_way(
    look: Look, define: Define, happen: Happen, now: Instant
) -> None:
    happen(1, "purchase", now - DAY)
    assert look(define("did_not: purchase")) == Outlook()
    assert look(define("not: {did: purchase}")) == Outlook()
    assert told(look(define("any: [{did_not: purchase}, {trait: country, is: DE}]"))) == [
        "country so that it is DE: now nothing"
    ]


def test_an_event_that_undoes_what_it_brings_is_no_way(
    look: Look, define: Define, happen: Happen, now: Instant
) -> None:
    happen(1, "return", now - DAY)
    never = define("all: [{did: purchase, within: 1d}, {did_not: purchase, within: 30d}]")
    assert look(never) == Outlook()


def test_segments_that_are_named_are_looked_into(
    look: Look, define: Define, happen: Happen, now: Instant
) -> None:
    buyers = define("did: purchase\nwithin: 7d", "buyers")
    segment = define("all: [{segment: buyers}, {not: {did: return}}]")
    happen(1, "purchase", now - DAY)
    found = look(segment, (buyers,))
    assert found.at == now + 6 * DAY
    assert {"time alone, at 2024-10-10T00:00:00Z", "one return"} >= set(told(found))
    assert found.others == 1


def test_every_form_of_condition_can_be_told_how_it_turns(
    look: Look, define: Define, happen: Happen, now: Instant
) -> None:
    happen(1, "return", now - DAY)
    for where, says in (
        ("did: purchase\nsum: {of: value_minor, at_least: 5}", "purchase that bring"),
        ("did: purchase\nfirst: {within: 3d}", "purchase that bring"),
        ("did: purchase\nthen: return", "a purchase, then a return"),
        ("did: purchase\nthen: [{did: return}, {did_not: purchase}]", "then a return, then no"),
        (
            "did: email_sent\nof_last: 5\nanswered_by: email_opened\ntimes: {at_least: 2}",
            "email_opened after email_sent so that how many of the latest 5",
        ),
        ("did: purchase\ntimes: {at_least: 1}\nevery: 7d\nperiods: 4", "purchase in the periods"),
        ("points: {purchase: 3}\nhalf_life: 14d\nat_least: 5", "the points is at least 5: now"),
        ("trait: country\nis: DE", "country so that it is DE: now nothing"),
        ("trait: signed_up\ndays_ago: {at_most: 3}", "signed_up so that it is at most 3"),
        ("trait: colours\nhas: red", "another value of colours"),
        ("model: churn\nat_least: 0.5", "churn so that it is at least 0.5"),
        ("list: vip", "being put on the list vip"),
    ):
        assert says in told(look(define(where)))[0], where


def test_what_the_outlook_says_comes_true(
    look: Look, define: Define, happen: Happen, facts: DuckFacts, now: Instant
) -> None:
    segment = define(
        "all:\n"
        "- any: [{did: purchase, within: 30d, times: {at_least: 2}}, {trait: orders, is: 9}]\n"
        "- {did_not: return, within: 2d}"
    )
    happen(1, "purchase", now - 3 * DAY)
    happen(1, "return", now - DAY)
    found = look(segment)
    assert sorted(told(found)) == [
        "one more purchase before 2024-10-31T00:00:00Z", "time alone, at 2024-10-05T00:00:00Z",
    ]  # fmt: skip
    happen(1, "purchase", now + HOUR)
    assert segments.people(facts, segment, as_of=now + 2 * HOUR) == []
    assert segments.people(facts, segment, as_of=now + DAY) == [1]
