"""Conditions on events: measures, windows of the calendar, steps, answers, habits, points."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest

from tailorbird import segments
from tailorbird.errors import DefinitionError
from tailorbird.schema import DAY, HOUR, Context, Instant
from tailorbird.segments import Segment
from tailorbird.stores.duckdb.facts import DuckFacts

Happen: TypeAlias = Callable[..., int]
Define: TypeAlias = Callable[..., Segment]

FORMS = (
    "{did: purchase, average: {of: value_minor, more_than: 5000}, within: 90d}",
    "{did: purchase, average: {of: quantity, at_least: 1.5}}",
    "{did: review_submitted, min: {of: rating, at_least: 2.5}}",
    "{did: purchase, max: {of: value_minor, missing: true}}",
    "{did: product_viewed, distinct: {of: category, at_least: 3}, within: 7d}",
    "{did: purchase, first: {older_than: 30d}}",
    "{did: purchase, last: {after: 2025-01-01, before: 2025-02-01T12:30:00Z}}",
    "{did: product_viewed, times: {at_least: 3}, per: item, within: 7d}",
    "{did: page_left, sum: {of: dwell_seconds, more_than: 120}, per: context.page}",
    "{did: session_ended, max: {of: context.session_seconds, more_than: 120}}",
    "{did: purchase, after: 2025-01-01, before: 2026-01-01, weekdays: [sat, sun]}",
    "{did_not: email_opened, between_hours: [22, 6], within: 30d}",
    "{did: add_to_cart, then_not: purchase, within: 24h, weekdays: [fri]}",
    "{did: product_viewed, then: [{did: add_to_cart, within: 2d}, {did_not: return}, "
    "{did: purchase, where: {value_minor: {at_least: 100}}}], since: 30d}",
    "{did: email_sent, of_last: 5, answered_by: email_opened, times: {at_least: 2}}",
    "{did: email_sent, of_last: 5, answered_by: email_clicked, linked_by: campaign, "
    "answered_within: 3d, answer_where: {machine: false}, times: {at_most: 0}, within: 90d}",
    "{did: purchase, times: {at_least: 3}, every: 7d, periods: 4}",
    "{did: purchase, times: {at_most: 1}, every: 7d, periods: 4, in_at_least: 3}",
    "{points: {email_opened: 1, email_clicked: 3}, half_life: 14d, at_least: 2.5}",
    "{points: [{did: purchase, points: 10, where: {category: garden}}, "
    "{did: purchase, points: -1}], half_life: 30d, less_than: 5}",
)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_written_back_as_it_was_read(form: str, define: Define) -> None:
    segment = define(form)
    assert segments.parse(segments.write(segment), "again.yaml") == segment
    assert segments.words(segment.condition)


@pytest.mark.parametrize(
    ("where", "what", "mend"),
    [
        ("{did: purchase, average: {at_least: 5}}", "needs a property", "of: value_minor"),
        ("{did: purchase, sum: {of: category, at_least: 5}}", "is text", "distinct"),
        ("{did: purchase, sum: {of: value_minro, at_least: 5}}", "unknown", "value_minor"),
        ("{did: purchase, times: 2, first: {within: 1d}}", "both 'times'", "two conditions"),
        ("{did: purchase, first: {}}", "needs a window", "older_than"),
        ("{did: purchase, after: 2026-01-02, before: 2026-01-01}", "nothing is", "earlier"),
        ("{did: purchase, after: soon}", "is no instant", "2026-01-31"),
        ("{did: purchase, weekdays: [sunday]}", "no weekday", "sun"),
        ("{did: purchase, between_hours: [9, 9]}", "no hour lies", "[22, 6]"),
        ("{did: purchase, between_hours: [9]}", "takes two hours", "[18, 23]"),
        ("{did: purchase, times: {at_most: 1}, per: item}", "least number", "at_least"),
        ("{did: purchase, average: {of: quantity, at_least: 1}, per: item}", "alone", "leave"),
        ("{did: a_b, then: []}", "takes some steps", "from 1"),
        ("{did: a_b, then: [{within: 1d}]}", "a step needs an event", "did: purchase"),
        ("{did: a_b, then: [{did: c_d}, {did_not: e_f, within: 2d}], since: 1d}", "ends", "longer"),
        ("{did: a_b, of_last: 5, times: 1}", "'answered_by' is missing", "email_opened"),
        ("{did: a_b, of_last: 0, answered_by: c_d, times: 1}", "a whole number", "from 1"),
        ("{did: a_b, of_last: 2, answered_by: c_d, times: 1, linked_by: item}", "several", "once"),
        ("{did: a_b, every: 7d, periods: 4}", "must be said", "at_least: 3"),
        ("{did: a_b, times: 1, every: 7d, periods: 4, in_at_least: 5}", "whole number", "to 4"),
        ("{points: {a_b: 1}, half_life: 3h, at_least: 1}", "whole days", "14d"),
        ("{points: {a_b: 0.5}, half_life: 3d, at_least: 1}", "whole points", "up to"),
        ("{points: {}, half_life: 3d, at_least: 1}", "events are worth", "email_opened"),
    ],
)
def test_each_slip_has_its_line_and_its_mend(
    where: str, what: str, mend: str, define: Define
) -> None:
    with pytest.raises(DefinitionError) as caught:
        define(where)
    assert caught.value.where.startswith(("s.yaml:2:", "s.yaml:3:"))
    assert what in str(caught.value)
    assert mend in str(caught.value)


def test_an_average_is_compared_before_it_is_rounded(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    happen(1, "purchase", now - HOUR, value_minor=10)
    happen(1, "purchase", now - HOUR, value_minor=11)
    asked = ("more_than: 10", "less_than: 11", "at_least: 11", "at_most: 10", "is: 10")
    found = [
        segments.count(
            facts, define(f"{{did: purchase, average: {{of: value_minor, {each}}}}}"), as_of=now
        )
        for each in asked
    ]
    assert found == [1, 1, 0, 0, 0]


def test_the_local_clock_decides_on_weekday_and_hour(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    # Midnight UTC on Friday; in Vienna two o'clock, in New York still Thursday.
    happen(1, "purchase", now, context=Context(utc_offset=120))
    happen(2, "purchase", now, context=Context(utc_offset=-240))
    friday = define("{did: purchase, weekdays: [fri]}")
    night = define("{did: purchase, between_hours: [22, 3]}")
    assert segments.people(facts, friday, as_of=now) == [1]
    assert segments.people(facts, night, as_of=now) == [1]


def test_values_thresholds_and_events_are_shown(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    happen(1, "email_sent", now - 3 * DAY, send_id="m1")
    happen(1, "email_opened", now - 2 * DAY, send_id="m1")
    happen(1, "email_sent", now - DAY, send_id="m2")
    happen(1, "purchase", now - DAY, value_minor=500, quantity=3)
    shown = {
        FORMS[1]: (3.0, "is at least 1.5"),
        FORMS[5]: ("2024-10-03T00:00:00Z", "is, at least 30d ago"),
        FORMS[14]: (1, "is at least 2"),
        FORMS[16]: (0, "is at least 4"),
        FORMS[18]: (0.905724, "is at least 2.5"),
        "{did: email_sent, then: [{did: email_opened}, {did: purchase}]}": (
            "2024-10-01T00:00:00Z",
            "is known",
        ),
    }
    for form, expected in shown.items():
        reason = segments.explain(facts, define(form), 1, as_of=now).reason
        assert (reason.value, reason.threshold) == expected
        assert reason.evidence


def test_points_are_asked_again_on_the_day_they_fall_short_and_seldom_before(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    happen(1, "purchase", now)
    segment = define("{points: {purchase: 1000}, half_life: 10d, at_least: 125}")
    at, checks = now, 0
    while segments.explain(facts, segment, 1, as_of=at).member:
        check = segments.explain(facts, segment, 1, as_of=at).next_check
        assert check is not None
        at, checks = check, checks + 1
    # 1000 is 125 after three half-lives, exactly; a day later it is less.
    assert at == now + 31 * DAY
    assert checks <= 6
